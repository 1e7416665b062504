import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { checkedProof } from "../../../src/core/authority/proof.ts";
import { rateOf } from "../../../src/core/limits/rate_limit.ts";
import { Sessions } from "../../../src/core/state/sessions.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { countingBytes, FakePeer } from "../../support/hub_harness.ts";
import { pure } from "../../support/pure.ts";

const sign = (id: string) => [...id].reverse().join("");
const make = () => new Sessions(countingBytes(), sign, rateOf(0));

pure("Sessions.add(0) makes clients with different ids", () => {
  const sessions = make();
  const [a, b] = [sessions.add(0), sessions.add(0)];
  assertNotEquals(a.id, b.id);
  assertEquals([...sessions], [a, b]);
  assertEquals([sessions.size, sessions.get(a.id)], [2, a]);
  sessions.delete(a);
  assertEquals([sessions.size, sessions.get(a.id)], [1, undefined]);
});

pure(
  "Sessions.restore() takes in a client with its name and number, and how certain that is",
  () => {
    const sessions = make();
    const ana = sessions.restore({ id: "ana", name: "Ana", n: 7 }, 0);
    assertEquals([ana.id, ana.name, ana.n, ana.doubtful], ["ana", "Ana", 7, false]);
    const ben = sessions.restore({ id: "ben", name: undefined, n: 3, doubtUpTo: 5 }, 0);
    assertEquals([ben.name, ben.n, ben.doubtful], [undefined, 3, true]);
    assert(sessions.get("ana") === ana);
  },
);

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
  const session = make().add(0);
  const peer = new FakePeer(false);
  session.attach(peer, 5);
  assertThrows(
    () => session.attach(new FakePeer(false), 6),
    RangeError,
    `Client ${session.id} has a connection already`,
  );
  assertEquals([session.peer === peer, peer.session === session, session.seenAt], [true, true, 5]);
  session.detach(peer, 9);
  assertEquals([session.peer, peer.session, session.seenAt], [undefined, undefined, 9]);
});

pure("Session.numberOf() refuses a number behind a hole", () => {
  const session = make().add(0);
  assertEquals([session.numberOf(undefined), session.numberOf(1)], [1, 1]);
  session.take(1, 3);
  session.take(2);
  assertEquals([session.n, session.numberOf(undefined), session.numberOf(2)], [3, 4, 2]);
  const error = assertThrows(() => session.numberOf(5), ChatError, "Message 5 came before 4");
  assertEquals(error.code, "out_of_order");
  assertThrows(() => session.take(5, 6), RangeError, "leaves a hole behind 3");
  assertEquals([session.n, session.said], [3, 3]);
});

pure(
  "Session.numberOf() gives no message the number of one that was, or may have been, refused",
  () => {
    const refusals = [[true, 1, true], [false, 1, false], [undefined, 1, true]] as const;
    for (const [hadNumber, n, isRefused] of [...refusals, [undefined, undefined, false] as const]) {
      const session = make().add(0);
      session.take(session.numberOf(n));
      session.stumble(hadNumber);
      const next = () => session.numberOf(undefined);
      if (!isRefused) {
        assertEquals(next(), 2);
        continue;
      }
      assertThrows(next, ChatError, "Message 2 was refused: send it first");
      session.take(session.numberOf(2));
      assertEquals(next(), 3);
    }
  },
);

pure(
  "Session.canGoOn() with a number that is not beyond its own, and without one if that is certain",
  () => {
    const session = make().restore({ id: "ana", name: undefined, n: 3 }, 0);
    const answers = () => [undefined, 0, 3, 4].map((n) => session.canGoOn(n));
    assertEquals(answers(), [true, true, true, false]);
    session.recount({ n: 3, doubtUpTo: 5 });
    assertEquals(answers(), [false, true, true, true]);
    assertEquals([session.canGoOn(5), session.canGoOn(6)], [true, false]);
    // What was in doubt has been said again, and taken or known by now.
    session.take(1, 5);
    assertEquals([session.doubtful, session.canGoOn(undefined)], [false, true]);
    session.doubt(3);
    assertEquals([session.n, session.doubtful, session.canGoOn(undefined)], [3, true, false]);
    session.settle(4);
    assertEquals([session.n, session.doubtful], [4, true]);
    session.doubt(undefined);
    assertEquals([session.n, session.doubtUpTo], [0, 5]);
  },
);

pure("clients are one person where the same issuer has proved the same subject", () => {
  const sessions = make();
  const personOf = (issuer: string | undefined, sub: string) => {
    const session = sessions.add(0);
    const by = issuer === undefined ? {} : { issuer, unique: true };
    session.prove(checkedProof({ sub, ...by }, 1));
    return session.person;
  };
  assertEquals(personOf("https://a.example", "ana"), personOf("https://a.example", "ana"));
  assertEquals(personOf(undefined, "ana"), "sub:ana");
  const others = [
    sessions.add(0).person,
    personOf(undefined, "ana"),
    personOf("https://a.example", "ana"),
    personOf("https://b.example", "ana"),
    personOf("a", "1:b"),
    personOf("a:1", "b"),
    personOf(undefined, "3:a:1:b"),
  ];
  assertEquals(new Set(others).size, others.length);
});

pure("the name of a person has a bound, however long that of its issuer is", () => {
  const sub = "s".repeat(255);
  const session = make().add(0);
  session.prove(checkedProof({ sub, issuer: "i".repeat(512), unique: true }, 1));
  assert(session.person.length <= 1_024);
  const longer = () => checkedProof({ sub, issuer: "i".repeat(513), unique: true }, 1);
  assertEquals(assertThrows(longer, ChatError).code, "token_invalid");
});
