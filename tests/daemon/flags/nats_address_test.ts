import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseNatsAddress } from "../../../src/daemon/flags/nats_address.ts";
import { pure } from "../../support/pure.ts";

pure("parseNatsAddress() reads hosts, a name, and who this is", () => {
  assertEquals(parseNatsAddress("nats://a:1,b-c.d:22/team"), {
    servers: ["a:1", "b-c.d:22"],
    name: "team",
  });
  assertEquals(parseNatsAddress("nats://[::1]:4222,[fe80::1.2.3.4]:1,a:2").servers, [
    "[::1]:4222",
    "[fe80::1.2.3.4]:1",
    "a:2",
  ]);
  const servers = ["127.0.0.1:4222"];
  const at = (who: string) => parseNatsAddress(`nats://${who}@127.0.0.1:4222`);
  assertEquals(at("ana:p%40ss"), { servers, user: "ana", password: "p@ss" });
  assertEquals(at("token"), { servers, password: "token" });
});

pure("parseNatsAddress() refuses what is none, and shows no password", () => {
  for (
    const text of ["", "a", "a:1/", "a:1/b c", "a:1,", "::1:4222", "[::1]", "[]:1"]
      .map((rest) => `nats://${rest}`)
  ) {
    const { message } = assertThrows(() => parseNatsAddress(text), RangeError);
    assert(message.endsWith(`not ${JSON.stringify(text)}`), message);
  }
  const { message } = assertThrows(() => parseNatsAddress("nats://ana:hunter2@a"), RangeError);
  assert(!message.includes("hunter2"), message);
});
