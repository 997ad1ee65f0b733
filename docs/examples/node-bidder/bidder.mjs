// Bids on everything in one category whose title has a given word. Usage: node bidder.mjs config.json
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { ed25519 } from "@noble/curves/ed25519.js";
import { base58 } from "@scure/base";
import canonicalize from "canonicalize";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const seed = Buffer.from(readFileSync(config.seedFile, "utf8").trim(), "hex"); // 32 random bytes, yours alone
const key = "z" + base58.encode(Uint8Array.from([0xed, 0x01, ...ed25519.getPublicKey(seed)]));
const did = `did:key:${key}`;
const sha256 = (value) => createHash("sha256").update(canonicalize(value)).digest();

function sign(document) { // W3C Data Integrity, cryptosuite eddsa-jcs-2022
  const proof = { type: "DataIntegrityProof", cryptosuite: "eddsa-jcs-2022",
    verificationMethod: `${did}#${key}`, proofPurpose: "assertionMethod" };
  const signature = ed25519.sign(Buffer.concat([sha256(proof), sha256(document)]), seed);
  return { ...document, proof: { ...proof, proofValue: "z" + base58.encode(signature) } };
}

async function call(path, options = {}) {
  const answer = await fetch(config.market + path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${body.code}: ${body.detail ?? body.title}`); // a problem document, RFC 9457
  return body;
}

const post = (path, document) => call(path, { method: "POST",
  headers: { "content-type": "application/json" }, body: canonicalize(sign(document)) });

function read(path) { // a signed GET, RFC 9421
  const url = new URL(config.market + path);
  const parameters = `("@method" "@authority" "@path" "@query");created=${Math.floor(Date.now() / 1000)}` +
    `;keyid="${did}";nonce="${randomBytes(16).toString("base64url")}";tag="vrm-read"`;
  const base = `"@method": GET\n"@authority": ${url.host}\n"@path": ${url.pathname}\n` +
    `"@query": ${url.search || "?"}\n"@signature-params": ${parameters}`;
  const signature = Buffer.from(ed25519.sign(Buffer.from(base), seed)).toString("base64");
  return call(path, { headers: { "signature-input": `sig1=${parameters}`, signature: `sig1=:${signature}:` } });
}

const market = (await call("/.well-known/vrm-market")).market;
await post("/vendors", { ...config.profile, type: "VendorProfile", v: 1, market, vendor: did });
for (let path = `/board?category=${config.offer.category}`, page; path; path = page.next &&
    `/board?category=${config.offer.category}&cursor=${encodeURIComponent(page.next)}`) {
  page = await read(path);
  for (const { request, document: { need, price, terms } } of page.items) {
    const amount = price.kind === "fixed" ? price.amount : Math.min(price.amount, config.offer.amount);
    if (!need.title.toLowerCase().includes(config.offer.word) || amount < config.offer.least) continue;
    const bid = await post("/bids", { type: "Bid", v: 1, market, request, vendor: did, terms,
      place: config.offer.place, delivery: config.offer.delivery, lead_time_hours: 24, seq: Date.now(),
      price: { amount, currency: price.currency }, salt: randomBytes(16).toString("base64url") });
    console.log(JSON.stringify({ ...bid, title: need.title, amount }));
  }
}
