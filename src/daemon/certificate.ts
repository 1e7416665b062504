/**
 * The certificate of a server that speaks TLS itself, and its key: two files, checked before anybody
 * connects.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { reasonOf } from "../protocol/errors.ts";

/** A certificate with its key, as `Deno.serve` takes them. */
export interface Certificate {
  /** The certificate and those between it and its issuer, in PEM. */
  readonly cert: string;
  /** Its key, in PEM. */
  readonly key: string;
  /** The moment from which it is worth nothing, in milliseconds since 1970. */
  readonly expiresAt: number;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/**
 * Reads a certificate and its key; undefined where neither path is given.
 *
 * @throws {RangeError} with one line that names the flag, the path and what is wrong with it. The key
 * is never shown.
 */
export async function loadCertificate(
  certPath: string | undefined,
  keyPath: string | undefined,
): Promise<Certificate | undefined> {
  if (certPath === undefined && keyPath === undefined) return undefined;
  if (keyPath === undefined) throw new RangeError("--cert needs --key: the file with its key");
  if (certPath === undefined) throw new RangeError("--key needs --cert: the file that it is for");
  const cert = await read("--cert", certPath);
  const key = await read("--key", keyPath);
  const leaf = leafOf(cert, certPath);
  checkKey(leaf, key, certPath, keyPath);
  return { cert, key, expiresAt: Date.parse(leaf.validTo) };
}

async function read(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new RangeError(`Cannot read ${flag} ${path}: ${reasonOf(error)}`);
  }
}

/** The first certificate of a file, which is the server's own. */
function leafOf(cert: string, path: string): X509Certificate {
  const [pem] = CERTIFICATE.exec(cert) ?? [];
  try {
    if (pem !== undefined) return new X509Certificate(pem);
  } catch {
    // It says so in the words of the runtime, which help nobody.
  }
  throw new RangeError(`--cert ${path} has no certificate in PEM, like fullchain.pem of certbot`);
}

function checkKey(leaf: X509Certificate, key: string, certPath: string, keyPath: string): void {
  if (ENCRYPTED.test(key)) {
    throw new RangeError(`--key ${keyPath} has a password: it has to be a file without one`);
  }
  let isItsKey: boolean;
  try {
    isItsKey = leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw new RangeError(`--key ${keyPath} has no private key in PEM, like privkey.pem of certbot`);
  }
  if (!isItsKey) throw new RangeError(`--key ${keyPath} is not the key of --cert ${certPath}`);
}
