import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HttpError } from "../../src/ops/problem.ts";
import { producerOf, Producers } from "../../src/ops/stream_producers.ts";
import { ChatError } from "../../src/protocol/errors.ts";

const headers = (id: string, epoch: string, seq: string) =>
  new Headers({ "producer-id": id, "producer-epoch": epoch, "producer-seq": seq });

/** A room that notes what is stored. */
class Noting {
  readonly producers = new Producers();
  readonly stored: string[] = [];

  take(epoch: number, seq: number, knows: (seq: number) => boolean = () => false) {
    return this.producers.take("a", { id: "p", epoch, seq }, {
      knows,
      store: () => {
        this.stored.push(`${epoch}.${seq}`);
        return Promise.resolve(false);
      },
    });
  }
}

Deno.test("the number of a request is in three headers, or in none", () => {
  assertEquals(producerOf(headers("p", "0", "12")), { id: "p", epoch: 0, seq: 12 });
  assertEquals(producerOf(new Headers()), undefined);
  const wrong = [headers("", "0", "0"), headers("p", "-1", "0"), headers("p", "0", "1.5")];
  wrong.push(headers("p", "0", "9007199254740992"), headers("x".repeat(129), "0", "0"));
  wrong.push(new Headers({ "producer-id": "p" }), new Headers({ "producer-seq": "0" }));
  for (const one of wrong) {
    assertEquals(assertThrows(() => producerOf(one), ChatError).code, "invalid_frame");
  }
});

Deno.test("requests are taken once and in their order", async () => {
  const room = new Noting();
  assertEquals(await room.take(0, 0), { seq: 0, isRepeat: false });
  assertEquals(await room.take(0, 1), { seq: 1, isRepeat: false });
  assertEquals(await room.take(0, 0), { seq: 1, isRepeat: true });
  const hole = await assertRejects(() => room.take(0, 3), HttpError);
  assertEquals([hole.status, hole.code], [409, "out_of_order"]);
  assertEquals(hole.headers, { "producer-expected-seq": "2", "producer-received-seq": "3" });
  await assertRejects(() => room.take(1, 1), ChatError, "begins with Producer-Seq 0");
  assertEquals(await room.take(1, 0), { seq: 0, isRepeat: false });
  const stale = await assertRejects(() => room.take(0, 2), HttpError);
  assertEquals([stale.status, stale.headers], [403, { "producer-epoch": "1" }]);
  assertEquals(room.stored, ["0.0", "0.1", "1.0"]);
});

Deno.test("requests that come at once wait for each other", async () => {
  const room = new Noting();
  const outcomes = await Promise.allSettled([
    room.take(0, 0),
    room.take(0, 1),
    room.take(0, 1),
    room.take(0, 3),
  ]);
  assertEquals(outcomes.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
  assertEquals(room.stored, ["0.0", "0.1"]);
});

Deno.test("a request that was not stored comes again, and the first one is not skipped", async () => {
  const room = new Noting();
  const failing = { knows: () => false, store: () => Promise.reject(new Error("no disk")) };
  const number = { id: "p", epoch: 0, seq: 0 };
  await assertRejects(() => room.producers.take("a", number, failing), Error, "no disk");
  // Had it been taken, the first would be called a repeat when it comes.
  await assertRejects(() => room.take(0, 1), HttpError, "Request 1 came before 0");
  await room.take(0, 0);
  await room.take(0, 1);
  assertEquals(room.stored, ["0.0", "0.1"]);
});

Deno.test("a producer goes on at a server that knows the request before", async () => {
  const room = new Noting();
  await assertRejects(() => room.take(0, 7, (seq) => seq === 5), HttpError);
  await room.take(0, 7, (seq) => seq === 6);
  await room.take(0, 8);
  assertEquals(room.stored, ["0.7", "0.8"]);
});
