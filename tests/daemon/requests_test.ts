import { assertEquals, assertRejects } from "@std/assert";
import { Ended, RequestLimit } from "../../src/daemon/requests.ts";

const PLAIN = { method: "GET", headers: new Headers({ host: "x" }) };

Deno.test("a connection may ask for a hundred things a second, and others are not counted with it", () => {
  const limit = new RequestLimit();
  const ask = (connection: string, now: number) =>
    limit.refusalOf(PLAIN, connection, now)?.status ?? 200;
  for (let i = 0; i < 100; i++) assertEquals(ask("a 1", 5), 200);
  assertEquals(ask("a 1", 1_004), 429);
  assertEquals(ask("a 2", 1_004), 200);
  assertEquals(ask("a 1", 1_005), 200);
});

Deno.test("where an answer cannot end a connection, it is one without a body", () => {
  const limit = new RequestLimit();
  const [head, http2] = [{ ...PLAIN, method: "HEAD" }, { ...PLAIN, headers: new Headers() }];
  for (let i = 0; i < 100; i++) assertEquals(limit.refusalOf(head, "a", 0), undefined);
  for (const asked of [head, http2]) {
    const refusal = limit.refusalOf(asked, "a", 0);
    assertEquals([refusal?.status, refusal?.body], [429, null]);
  }
});

Deno.test("however many connections there are, they are counted in little space", () => {
  const limit = new RequestLimit();
  for (let i = 0; i < 101; i++) limit.refusalOf(PLAIN, "a", 0);
  for (let i = 0; i < 10_000; i++) limit.refusalOf(PLAIN, `b ${i}`, 0);
  assertEquals(limit.refusalOf(PLAIN, "a", 0), undefined);
});

Deno.test("a request with a body is refused, and its answer ends the connection", async () => {
  const empty = { ...PLAIN, headers: new Headers({ "content-length": "0" }) };
  assertEquals(new RequestLimit().refusalOf(empty, "a", 0), undefined);
  for (const header of ["content-length", "transfer-encoding"]) {
    const asked = { ...PLAIN, headers: new Headers({ [header]: "5" }) };
    const refusal = new RequestLimit().refusalOf(asked, "a", 0)!;
    assertEquals(refusal.status, 413);
    await assertRejects(() => refusal.text(), Ended);
  }
});
