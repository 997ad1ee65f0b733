// Verify a signed document with public packages only: node verify.mjs < document.json
// Prints who signed it and its identity (digest); exits 1 if the proof does not hold.
import {createHash} from 'node:crypto';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import canonicalize from 'canonicalize';
import jsigs from 'jsonld-signatures';

// A did:key is its own DID document, so nothing is fetched.
async function documentLoader(url) {
  const [did, fragment] = url.split('#');
  const multikey = did.replace('did:key:', '');
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id: `${did}#${multikey}`,
    type: 'Multikey',
    controller: did,
    publicKeyMultibase: multikey,
  };
  const controller = {
    '@context': 'https://www.w3.org/ns/did/v1',
    id: did,
    assertionMethod: [method.id],
  };
  return {contextUrl: null, documentUrl: url, document: fragment ? method : controller};
}

let text = '';
for await (const chunk of process.stdin) text += chunk;
const document = JSON.parse(text);

const result = await jsigs.verify(document, {
  suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
  purpose: new jsigs.purposes.AssertionProofPurpose(),
  documentLoader,
});
if (!result.verified) {
  console.error('refused:', result.error?.errors?.map(String).join('; ') ?? result.error);
  process.exit(1);
}

const {proof, ...unsigned} = document;
console.log('signed by', proof.verificationMethod.split('#')[0]);
console.log('identity ', createHash('sha256').update(canonicalize(unsigned)).digest('base64url'));
