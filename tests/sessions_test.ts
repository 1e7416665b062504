import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ChatError } from "../src/errors.ts";
import { Sessions } from "../src/sessions.ts";
import { countingBytes, FakePeer } from "./hub_harness.ts";
import { pure } from "./pure.ts";

const sign = (id: string) => [...id].reverse().join("");
const make = () => new Sessions(countingBytes(), sign);

pure("Sessions.add() makes clients with different ids", () => {
  const sessions = make();
  const [a, b] = [sessions.add(), sessions.add()];
  assertNotEquals(a.id, b.id);
  assertEquals([...sessions], [a, b]);
  assertEquals([sessions.size, sessions.get(a.id)], [2, a]);
  sessions.delete(a);
  assertEquals([sessions.size, sessions.get(a.id)], [1, undefined]);
});

pure("Sessions.restore() takes in a client with its name and number, or without the number", () => {
  const sessions = make();
  const ana = sessions.restore({ id: "ana", name: "Ana", n: 7 });
  assertEquals([ana.id, ana.name, ana.n, ana.counted], ["ana", "Ana", 7, true]);
  const ben = sessions.restore({ id: "ben", name: undefined, n: undefined });
  assertEquals([ben.name, ben.n, ben.counted], [undefined, 0, false]);
  assert(sessions.get("ana") === ana);
});

pure(
  "Sessions.verify() takes the whole token of any client, known or not, and nothing else",
  () => {
    const sessions = make();
    const token = sessions.tokenOf("xamseve5p158");
    assertEquals(sessions.verify(token), "xamseve5p158");
    for (
      const wrong of [
        "",
        ".",
        "x",
        "x.",
        "xamseve5p158",
        token.slice(0, -1),
        `${token}0`,
        `x${token}`,
      ]
    ) {
      assertEquals(sessions.verify(wrong), wrong === "." ? "" : undefined, wrong);
    }
  },
);

pure("a session and its connection point at each other until they are taken apart", () => {
  const session = make().add();
  const peer = new FakePeer(false);
  session.attach(peer, 5);
  assertEquals([session.peer === peer, peer.session === session, session.seenAt], [true, true, 5]);
  session.detach(peer, 9);
  assertEquals([session.peer, peer.session, session.seenAt], [undefined, undefined, 9]);
});

pure("Session.numberOf() refuses a number behind a hole, as soon as numbers are known", () => {
  const session = make().add();
  assertEquals([session.numberOf(undefined), session.numberOf(1)], [1, 1]);
  session.take(3);
  session.take(2);
  assertEquals([session.n, session.numberOf(undefined), session.numberOf(2)], [3, 4, 2]);
  const error = assertThrows(() => session.numberOf(5), ChatError, "Message 5 came before 4");
  assertEquals(error.code, "out_of_order");
  session.recount(undefined);
  assertEquals(session.numberOf(5), 5);
});
