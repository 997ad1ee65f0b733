// One command on standard input, one answer on standard output, both JSON; bytes travel as hex.
// Everything here is other people's cryptography: nothing is computed by hand.
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as eddsaJcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {CryptoNoble} from '@cloudflare/voprf-ts/crypto-noble';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import jsigs from 'jsonld-signatures';
import nacl from 'tweetnacl';
import sealedbox from 'tweetnacl-sealedbox-js';
import voprf from '@cloudflare/voprf-ts';

const SUITE = voprf.Oprf.Suite.RISTRETTO255_SHA512;
const {AssertionProofPurpose} = jsigs.purposes;
const bytes = hex => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = raw => Buffer.from(raw).toString('hex');

// A did:key says its own key, so a loader needs no network.
async function documentLoader(url) {
  const [did, fragment] = url.split('#');
  const publicKeyMultibase = did.replace('did:key:', '');
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id: `${did}#${publicKeyMultibase}`,
    type: 'Multikey',
    controller: did,
    publicKeyMultibase,
  };
  const controller = {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'],
    id: did,
    assertionMethod: [method],
  };
  return {contextUrl: null, documentUrl: url, document: fragment ? method : controller};
}

const commands = {
  async verify({document}) {
    const suite = new DataIntegrityProof({cryptosuite: eddsaJcs.createVerifyCryptosuite()});
    const purpose = new AssertionProofPurpose();
    const result = await jsigs.verify(document, {suite, purpose, documentLoader});
    return {verified: result.verified, error: String(result.error?.errors ?? '')};
  },

  async sign({document, seed, created}) {
    const key = await Ed25519Multikey.generate({seed: bytes(seed)});
    key.controller = `did:key:${key.publicKeyMultibase}`;
    key.id = `${key.controller}#${key.publicKeyMultibase}`;
    const suite = new DataIntegrityProof({
      signer: key.signer(),
      date: created ?? null,
      cryptosuite: eddsaJcs.createSignCryptosuite(),
    });
    const purpose = new AssertionProofPurpose();
    return {document: await jsigs.sign(document, {suite, purpose, documentLoader})};
  },

  async blind({inputs, publicKey}) {
    const client = new voprf.VOPRFClient(SUITE, bytes(publicKey), CryptoNoble);
    const [state, request] = await client.blind(inputs.map(bytes));
    return {
      state: hex(state.serialize()),
      blinded: request.blinded.map(element => hex(element.serialize(true))),
    };
  },

  async finalize({state, evaluated, proof, publicKey}) {
    const client = new voprf.VOPRFClient(SUITE, bytes(publicKey), CryptoNoble);
    const count = Buffer.alloc(2);
    count.writeUInt16BE(evaluated.length);
    const raw = Buffer.concat([
      count, ...evaluated.map(element => Buffer.from(element, 'hex')),
      Buffer.from([voprf.Oprf.Mode.VOPRF]), Buffer.from(proof, 'hex'),
    ]);
    const evaluation = voprf.Evaluation.deserialize(SUITE, new Uint8Array(raw), CryptoNoble);
    const finData = voprf.FinalizeData.deserialize(SUITE, bytes(state), CryptoNoble);
    return {outputs: (await client.finalize(finData, evaluation)).map(hex)};
  },

  async evaluate({secret, blinded}) {
    const server = new voprf.VOPRFServer(SUITE, bytes(secret), CryptoNoble);
    const group = voprf.Oprf.getGroup(SUITE, CryptoNoble);
    const elements = blinded.map(element => group.desElt(bytes(element)));
    const answer = await server.blindEvaluate(new voprf.EvaluationRequest(elements));
    return {
      evaluated: answer.evaluated.map(element => hex(element.serialize(true))),
      proof: hex(answer.proof.serialize()),
    };
  },

  async seal({message, recipient}) {
    return {sealed: hex(sealedbox.seal(bytes(message), bytes(recipient)))};
  },

  async open({sealed, secret}) {
    const pair = nacl.box.keyPair.fromSecretKey(bytes(secret));
    const message = sealedbox.open(bytes(sealed), pair.publicKey, pair.secretKey);
    return {message: message && hex(message)};
  },
};

let text = '';
for await(const chunk of process.stdin) {
  text += chunk;
}
const {command, ...options} = JSON.parse(text);
console.log(JSON.stringify(await commands[command](options)));
