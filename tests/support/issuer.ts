/**
 * An issuer of tokens, which stands for a provider of identities: it signs with keys of every kind,
 * and serves its public ones over HTTP.
 *
 * @module
 */

import * as jose from "jose";

/** The secret that tokens of an app are signed with. */
export const AUTH_SECRET = "an app and its chat share 32 bytes";

/** Claims of a good token that has begun now, with changes; undefined leaves one out. */
export function claimsOf(changes: Record<string, unknown> = {}, lasts = 3_600): jose.JWTPayload {
  const iat = Math.floor(Date.now() / 1_000);
  return { sub: "ana", iat, exp: iat + lasts, ...changes };
}

/** Signs claims, or any other text, with a key. */
export async function sign(
  payload: unknown,
  key: Uint8Array | CryptoKey,
  header: Record<string, unknown> & { alg: string },
): Promise<string> {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  return await new jose.CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader(header as jose.CompactJWSHeaderParameters)
    .sign(key, { crit: { "urn:strange": true } });
}

/** Signs claims with a secret. */
export function signWith(
  secret: string,
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  return sign(claimsOf(changes), new TextEncoder().encode(secret), { alg: "HS256", ...header });
}

/** A pair of keys of an issuer. */
export interface Pair {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: jose.JWK;
}

/** Makes a pair of keys. */
export async function pairOf(alg: string, kid: string): Promise<Pair> {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return {
    kid,
    alg,
    privateKey,
    jwk: { ...await jose.exportJWK(publicKey), kid, alg, use: "sig" },
  };
}

/** A provider of identities on a free port. */
export class Issuer implements AsyncDisposable {
  /** The keys that it serves. */
  pairs: Pair[] = [];
  /** The number of times that it was asked for them. */
  asked = 0;
  /** Set while it answers nothing but an error. */
  isDown = false;
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => {
      this.asked++;
      if (this.isDown) return new Response("Out of order", { status: 503 });
      return Response.json({ keys: this.pairs.map(({ jwk }) => jwk) });
    },
  );

  /** Makes an issuer with one pair of keys. */
  static async open(alg = "EdDSA", kid = "first"): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.pairs = [await pairOf(alg, kid)];
    return issuer;
  }

  /** The `iss` of its tokens. */
  get iss(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The address of its keys. */
  get jwks(): string {
    return `${this.iss}/jwks.json`;
  }

  /** Signs a token for the chat with its newest key, or another one. */
  token(changes: Record<string, unknown> = {}, pair: Pair = this.pairs.at(-1)!): Promise<string> {
    const { privateKey, alg, kid } = pair;
    return sign(claimsOf({ iss: this.iss, aud: "chat", ...changes }), privateKey, { alg, kid });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
