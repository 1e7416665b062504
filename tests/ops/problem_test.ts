import { assertEquals } from "@std/assert";
import { HttpError, problemOf } from "../../src/ops/problem.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { KeyReusedError } from "../../src/server/voice.ts";

async function told(error: unknown): Promise<unknown[]> {
  const answer = problemOf(error);
  const { title, status, detail, code, retry_after_ms } = await answer.json();
  assertEquals([status, answer.headers.get("content-type")], [
    answer.status,
    "application/problem+json",
  ]);
  return [status, title, code, detail, retry_after_ms, answer.headers.get("retry-after")];
}

Deno.test("a refusal has the status of its code, and says when to come back", async () => {
  assertEquals(
    await told(new ChatError("unavailable", "The disk is full", { retryAfterMs: 1_500 })),
    [503, "Unavailable", "unavailable", "The disk is full", 1_500, "2"],
  );
  assertEquals((await told(new ChatError("room_not_found", "x"))).slice(0, 3), [
    404,
    "Not found",
    "room_not_found",
  ]);
  assertEquals((await told(new KeyReusedError())).slice(0, 3), [
    422,
    "Key reused",
    "invalid_frame",
  ]);
  assertEquals((await told(new HttpError(405, "invalid_action", "x"))).slice(0, 2), [
    405,
    "Method not allowed",
  ]);
});

Deno.test("what is no refusal is not shown", async () => {
  const error = new Error("the password is SECRET");
  assertEquals((await told(error)).slice(0, 4), [
    500,
    "Internal error",
    "internal",
    "Internal error",
  ]);
  // A code that is not of this wire.
  assertEquals((await told(new ChatError("closed", "x"))).slice(0, 3), [
    500,
    "Internal error",
    "internal",
  ]);
});

Deno.test("an error may bring headers", () => {
  const { headers } = problemOf(new HttpError(405, "invalid_action", "x", { allow: "GET" }));
  assertEquals(headers.get("allow"), "GET");
});
