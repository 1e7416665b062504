import { assert, assertEquals } from "@std/assert";
import { ChatError } from "../src/errors.ts";
import { messageDraft } from "./drafts.ts";
import { refusal, twoInRoom } from "./hub_harness.ts";
import { pure } from "./pure.ts";

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
  const { bench, ana } = twoInRoom();
  const from = ana.session?.id ?? "";
  const tell = (seq: number) => {
    const [effect] = bench.hub.messages.repeated({ ...messageDraft(from, 4), ref: 7 }, seq);
    return effect?.type === "send" && JSON.parse(effect.text);
  };
  assertEquals(tell(9), { status: "success", n: 4, duplicate: true, seq: 9, ref: 7 });
  assertEquals(tell(0), { status: "success", n: 4, duplicate: true, ref: 7 });
  assertEquals(bench.hub.messages.repeated(messageDraft("nobody", 4), 9), []);
});
