import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/protocol/errors.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { HubBench, refusal, twoInRoom } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

pure("Messages.take() appends messages with numbers that go on, and takes no gap", () => {
  const { bench, ana, roomId } = twoInRoom();
  const say = (bodies: string[], n?: number) =>
    bench.hub.receive(
      ana,
      { action: "messages", roomId, bodies, ...(n === undefined ? {} : { n }) },
      bench.t,
    ).flatMap((effect) => effect.type === "append" ? effect.drafts.map(({ n }) => n) : []);
  assertEquals(say(["a", "b"]), [1, 2]);
  assertEquals(say(["c"], 3), [3]);
  assertEquals(refusal(() => say(["e"], 5)), ["out_of_order", "Message 5 came before 4"]);
  assertEquals(say(["b", "c", "d"], 2), [2, 3, 4]);
  assertEquals(say(["e"]), [5]);
});

pure(
  "Messages.take() takes an answer to anything that the log has come to, and to nothing else",
  () => {
    const { bench, ana, roomId } = twoInRoom();
    bench.say(ana, roomId, "hello");
    const head = bench.hub.rooms.get(roomId)!.log.head;
    const answer = (re: number) =>
      bench.hub.receive(
        ana,
        { action: "message", roomId, bodies: ["yes"], parts: { re, data: "[6]" } },
        bench.t,
      );
    const refused = ["message_not_found", `Room ${roomId} has no message ${head + 1}`];
    assertEquals(refusal(() => answer(head + 1)), refused);
    const [effect] = answer(head);
    assert(effect?.type === "append");
    const { n, ...draft } = effect.drafts[0]!;
    assertEquals([n, draft], [2, { ...draft, body: "yes", re: head, data: "[6]" }]);
  },
);

pure("Messages.refused() gives the number of a draft free again", () => {
  const { bench, ana, roomId } = twoInRoom();
  const message = (n: number) =>
    bench.hub.receive(ana, { action: "message", roomId, bodies: ["x"], n, ref: `r${n}` }, bench.t);
  message(1);
  const [second] = message(2);
  assert(second?.type === "append");
  const [told] = bench.hub.messages.refused(
    second.drafts[0]!,
    new ChatError("unavailable", "Not now"),
    bench.t,
  );
  assert(told?.type === "send");
  assertEquals(JSON.parse(told.text), {
    status: "error",
    code: "unavailable",
    message: "Not now",
    ref: "r2",
    n: 2,
  });
  assertEquals(refusal(() => message(3))[0], "out_of_order");
  assertEquals(message(2).length, 1);
});

pure("Messages.repeated() tells the place of the first one, or only that there was one", () => {
  const { bench, ana, roomId } = twoInRoom();
  const from = ana.session?.id ?? "";
  for (let n = 1; n <= 4; n++) bench.say(ana, roomId, "x");
  const tell = (seq: number) => {
    const [effect] = bench.hub.messages.repeated({ ...messageDraft(from, 4), ref: 7 }, seq);
    return effect?.type === "send" && JSON.parse(effect.text);
  };
  assertEquals(tell(9), { status: "success", n: 4, duplicate: true, seq: 9, ref: 7 });
  assertEquals(tell(0), { status: "success", n: 4, duplicate: true, ref: 7 });
  assertEquals(bench.hub.messages.repeated(messageDraft("nobody", 4), 9), []);
});

pure(
  "a report about a message that its author has not said is a fault, and changes nothing",
  () => {
    const { bench, ana, roomId } = twoInRoom();
    const { session } = ana;
    for (let n = 1; n <= 2; n++) bench.say(ana, roomId, "x");
    const error = new ChatError("unavailable", "Not now");
    for (const n of [3, 0, -1, 1.5, NaN]) {
      const draft = messageDraft(session?.id ?? "", n);
      const words = `The store reports message ${n} of ${session?.id}, which has said 2`;
      assertThrows(() => bench.hub.messages.repeated(draft, 9), RangeError, words);
      assertThrows(() => bench.hub.messages.refused(draft, error, bench.t), RangeError, words);
    }
    assertEquals(session?.n, 2);
    // What follows one that was refused is refused too.
    const refused = [1, 2].flatMap((n) =>
      bench.hub.messages.refused(messageDraft(session?.id ?? "", n), error, bench.t)
    );
    assertEquals([refused.length, session?.n], [2, 0]);
  },
);

pure(
  "Messages.take() takes of a batch what a room can send, and refuses the rest for a while",
  () => {
    const bench = new HubBench();
    const ana = bench.v1("Ana");
    const roomId = bench.create(ana, "Lobby");
    for (let i = 0; i < 40; i++) bench.join(bench.v1(`${i}`), { roomId });
    const room = bench.hub.rooms.get(roomId)!;
    room.begin();
    room.end();
    const say = (n: number, count: number) =>
      bench.hub.receive(
        ana,
        { action: "messages", roomId, n, bodies: Array(count).fill("x"), ref: "r" },
        bench.t,
      );
    // The log of the test keeps a hundred entries: half of them may wait, two thirds of that of one person.
    const [append, refused, ...others] = say(1, 40);
    assert(append?.type === "append" && refused?.type === "send");
    assertEquals([append.drafts.map(({ n }) => n).at(-1), others], [34, []]);
    const { message: _, ...told } = JSON.parse(refused.text);
    assertEquals(told, {
      status: "error",
      code: "rate_limited",
      retry_after_ms: 61,
      ref: "r",
      n: 35,
    });
    assertEquals(refusal(() => say(35, 6))[0], "rate_limited");
    assertEquals(refusal(() => say(36, 5))[0], "out_of_order");
    bench.pass(61);
    const [again] = say(34, 2);
    assert(again?.type === "append");
    assertEquals(again.drafts.map(({ n }) => n), [34, 35]);
  },
);

pure("Messages.take() makes nobody wait for a room where there is no rate", () => {
  const bench = new HubBench({ rate: 0 });
  const ana = bench.v1("Ana");
  const roomId = bench.create(ana, "Lobby");
  for (let i = 0; i < 40; i++) bench.join(bench.v1(`${i}`), { roomId });
  const frame = { action: "messages", roomId, bodies: Array(256).fill("x") } as const;
  const [append, ...others] = bench.hub.receive(
    ana,
    { ...frame, bodies: [...frame.bodies] },
    bench.t,
  );
  assertEquals([append?.type === "append" && append.drafts.length, others], [256, []]);
});

pure(
  "a batch that is partly a repeat is answered as far as it is, and refused from there on",
  () => {
    const { bench, ana, roomId } = twoInRoom();
    const say = (n: number, bodies: string[], room = roomId) =>
      bench.hub.receive(
        ana,
        { action: "messages", roomId: room, bodies, n, ref: "r" },
        bench.t,
      );
    bench.perform(say(1, ["one", "two"]));
    const [append, error] = say(1, ["one", "two", "three"], "elsewhere");
    assert(append?.type === "append" && error?.type === "send");
    assertEquals(append.drafts.map(({ n }) => n), [1, 2]);
    const { code, n, ref } = JSON.parse(error.text);
    assertEquals([code, n, ref, ana.session?.n], ["not_in_room", 3, "r", 2]);
  },
);
