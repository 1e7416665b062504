/**
 * Signatures of webhooks, as Standard Webhooks 1.0.0 has them (`v1`: HMAC-SHA256).
 *
 * @module
 */

import { createHmac } from "node:crypto";

/** A secret that two sides share. */
export type WebhookSecret = Uint8Array<ArrayBuffer>;

/** The beginning of a secret as text; the bytes follow in base64. */
const PREFIX = "whsec_";

/** The bytes that a secret may have. */
const [LEAST_BYTES, MOST_BYTES] = [24, 64];

/** The most secrets: the new one, and the old one while it is exchanged. */
const MOST_SECRETS = 2;

/**
 * Reads the secrets of a file, one a line: the new one, and the old one while it is exchanged.
 *
 * @throws {RangeError} with one line that names where they came from. No secret is shown.
 */
export function checkedSecrets(name: string, text: string): WebhookSecret[] {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0 || lines.length > MOST_SECRETS) {
    throw new RangeError(`${name} must have one or two lines, not ${lines.length}`);
  }
  return lines.map((line) => {
    const bytes = bytesOf(line);
    if (bytes !== undefined) return bytes;
    throw new RangeError(
      `${name} must have ${PREFIX} and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64 in each line`,
    );
  });
}

function bytesOf(line: string): WebhookSecret | undefined {
  if (!line.startsWith(PREFIX)) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(line.slice(PREFIX.length));
    return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Signs a request: one signature for each secret. `at` is in milliseconds since 1970. */
export function signedHeaders(
  secrets: readonly WebhookSecret[],
  id: string,
  at: number,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = secrets.map((secret) =>
    `v1,${createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64")}`
  );
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
