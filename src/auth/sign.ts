/**
 * Signs tokens with a secret, as an app does whose people come to a chat.
 *
 * @module
 */

import type * as Jose from "jose";
import { LIBRARY } from "./options.ts";

/** Signs claims with HS256. */
export async function signToken(
  claims: Readonly<Record<string, unknown>>,
  secret: string,
): Promise<string> {
  const { CompactSign }: typeof Jose = await import(LIBRARY);
  const text = new TextEncoder();
  return await new CompactSign(text.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(text.encode(secret));
}
