import { assertEquals, assertRejects } from "@std/assert";
import { jsonOf } from "../../src/ops/bodies.ts";
import { HttpError } from "../../src/ops/problem.ts";
import type { ChatError } from "../../src/protocol/errors.ts";

const request = (body: string | Uint8Array<ArrayBuffer>, type?: string) => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const headers = type === undefined ? {} : { "content-type": type };
  return new Request("http://localhost/", { method: "POST", body: bytes, headers });
};

Deno.test("a body is read as JSON, whatever parameters its type has", async () => {
  assertEquals(await jsonOf(request("[1]", "application/json"), 415), [1]);
  assertEquals(await jsonOf(request('"ä"', "Application/JSON; charset=utf-8"), 415), "ä");
});

Deno.test("a body of another type, too long, or no JSON is refused", async () => {
  const statusOf = async (given: Request, other: number) =>
    (await assertRejects(() => jsonOf(given, other), HttpError)).status;
  assertEquals(await statusOf(request("1", "text/plain"), 415), 415);
  assertEquals(await statusOf(request("1"), 415), 415);
  assertEquals(await statusOf(request("1", "text/plain"), 409), 409);
  // Of a request without a type nobody can say that it is another one.
  assertEquals(await statusOf(request("1"), 409), 400);
  for (const body of ["", "{", new Uint8Array([0x22, 0xff, 0x22])]) {
    const error = await assertRejects(() => jsonOf(request(body, "application/json"), 415));
    assertEquals((error as ChatError).code, "invalid_json");
  }
  const long = request(`"${"x".repeat(262_144)}"`, "application/json");
  assertEquals((await assertRejects(() => jsonOf(long, 415)) as ChatError).code, "too_large");
});
