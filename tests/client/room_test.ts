import { assert, assertEquals, assertRejects } from "@std/assert";
import type { RoomMember, SuccessReply } from "../../src/client/connection.ts";
import { JoinedRoom, type RoomActions } from "../../src/client/room.ts";
import type { RoomEvent } from "../../src/client/room_events.ts";
import type { Entry, PresenceEvent } from "../../src/protocol/frames.ts";

const pure = { permissions: "none" } as const;

const NO_ACTIONS: RoomActions = {
  send: () => Promise.resolve({}),
  typing: () => {},
  leave: () => Promise.resolve(),
};

function room(reply: Partial<SuccessReply> = {}, actions = NO_ACTIONS): JoinedRoom {
  return new JoinedRoom({
    status: "success",
    room_id: "r1",
    room_name: "Lobby",
    epoch: "e1",
    seq: 0,
    after: 0,
    members: [],
    presence: true,
    ...reply,
  }, actions);
}

function said(seq: number, body: string, from = "ben"): Entry {
  return { seq, at: 7, from, n: seq, body };
}

function seen(seq: number, event: PresenceEvent, from = "ben", name?: string): Entry {
  return { seq, at: 7, event, from, ...(name === undefined ? {} : { name }) };
}

function take(to: JoinedRoom, ...entries: Entry[]): void {
  for (const entry of entries) to.take(entry, "me");
}

function members(of: JoinedRoom): RoomMember[] {
  return [...of.members.values()];
}

/** Ends the room and gives what was not read yet, without the last word. */
async function rest(of: JoinedRoom): Promise<RoomEvent[]> {
  of.end("Over");
  const events = await Array.fromAsync(of.events());
  assertEquals(events.pop(), { type: "closed", reason: "Over" });
  return events;
}

Deno.test("a room begins with what the server answered", pure, () => {
  const lobby = room({ seq: 9, after: 4, members: [{ clientId: "ben" }], presence: false });
  assertEquals([lobby.id, lobby.name, lobby.epoch], ["r1", "Lobby", "e1"]);
  assertEquals([lobby.cursor, lobby.presence], [4, false]);
  assertEquals(members(lobby), [{ clientId: "ben" }]);
});

Deno.test("the head says where the past ends, and is another after each join", pure, () => {
  const lobby = room({ seq: 9, after: 4 });
  take(lobby, said(9, "old"), said(10, "new"));
  assertEquals([lobby.head, lobby.cursor], [9, 10]);
  lobby.renew({ status: "success", epoch: "e1", seq: 12, after: 10, recovered: true }, true);
  assertEquals([lobby.head, lobby.cursor], [12, 10]);
  lobby.renew({ status: "success", epoch: "e2", seq: 2, after: 1, recovered: false }, true);
  assertEquals([lobby.head, lobby.cursor], [2, 1]);
});

Deno.test("entries become events, and say whether they are this client's own", pure, async () => {
  const lobby = room();
  take(lobby, seen(1, "join", "me"), said(2, "hi", "me"), said(3, "ho"));
  const both = { sentAt: 7, epoch: "e1", roomId: "r1" };
  assertEquals(await rest(lobby), [
    { type: "join", seq: 1, ...both, from: "me", own: true },
    { type: "message", seq: 2, ...both, from: "me", body: "hi", own: true },
    { type: "message", seq: 3, ...both, from: "ben", body: "ho", own: false },
  ]);
  assertEquals(lobby.cursor, 3);
});

Deno.test("an entry that comes again, or too late, is passed over", pure, async () => {
  const lobby = room();
  assertEquals(lobby.take(said(5, "five"), "me"), true);
  assertEquals(lobby.take(said(5, "five"), "me"), false);
  assertEquals(lobby.take(said(3, "three"), "me"), false);
  assertEquals(lobby.cursor, 5);
  assertEquals((await rest(lobby)).length, 1);
});

Deno.test("the member list follows who comes, goes and is renamed", pure, () => {
  const lobby = room({ members: [{ clientId: "me" }] });
  take(lobby, seen(1, "join", "ben", "Ben"), seen(2, "join", "cleo"));
  assertEquals(members(lobby), [
    { clientId: "me" },
    { clientId: "ben", name: "Ben" },
    { clientId: "cleo" },
  ]);
  take(lobby, seen(3, "away", "ben", "Ben"), seen(4, "rename", "cleo", "Cleo"));
  assertEquals(lobby.members.get("ben"), { clientId: "ben", name: "Ben", away: true });
  assertEquals(lobby.members.get("cleo"), { clientId: "cleo", name: "Cleo" });
  take(lobby, seen(5, "back", "ben", "Ben"), seen(6, "leave", "cleo", "Cleo"));
  assertEquals(members(lobby), [{ clientId: "me" }, { clientId: "ben", name: "Ben" }]);
});

Deno.test("who is renamed while away is still away", pure, () => {
  const lobby = room();
  take(lobby, seen(1, "join"), seen(2, "away"), seen(3, "rename", "ben", "Benny"));
  assertEquals(members(lobby), [{ clientId: "ben", name: "Benny", away: true }]);
});

Deno.test("history does not change the member list, which is newer", pure, async () => {
  const lobby = room({ seq: 3, after: 0, members: [{ clientId: "cleo" }] });
  take(lobby, seen(1, "join", "ben"), seen(2, "join", "cleo"), seen(3, "leave", "ben"));
  assertEquals(members(lobby), [{ clientId: "cleo" }]);
  take(lobby, seen(4, "join", "me"));
  assertEquals(members(lobby), [{ clientId: "cleo" }, { clientId: "me" }]);
  assertEquals((await rest(lobby)).length, 4);
});

Deno.test("a room that has become too large knows nobody any more, and says so", pure, async () => {
  const lobby = room({ members: [{ clientId: "ben" }] });
  take(lobby, seen(1, "quiet", ""));
  assertEquals([lobby.presence, members(lobby)], [false, []]);
  assertEquals((await rest(lobby)).map(({ type }) => type), ["quiet"]);
});

Deno.test(
  "a room of more members than a client keeps is taken for one that is too large",
  pure,
  () => {
    const lobby = room();
    for (let seq = 1; seq <= 10_000; seq++) take(lobby, seen(seq, "join", `c${seq}`));
    assertEquals([lobby.presence, lobby.members.size], [true, 10_000]);
    take(lobby, seen(10_001, "away", "one more"));
    assertEquals([lobby.presence, lobby.members.size], [false, 0]);
  },
);

Deno.test(
  "what a later server adds to an entry comes along, and counts as kept",
  pure,
  async () => {
    const lobby = room();
    const more = { colour: "red", members: [], meta: { large: true } };
    take(lobby, { ...said(1, "hi"), ...more }, { ...seen(2, "join", "eva", "Eva"), ...more });
    const both = { sentAt: 7, epoch: "e1", own: false, roomId: "r1" };
    assertEquals(await rest(lobby), [
      { type: "message", seq: 1, ...both, from: "ben", body: "hi", ...more },
      { type: "join", seq: 2, ...both, from: "eva", name: "Eva", ...more },
    ]);
    const full = room();
    const large = { meta: "x".repeat(300_000) };
    for (let seq = 1; seq <= 99; seq++) take(full, { ...said(seq, "hi"), ...large });
    const [first] = await rest(full);
    assertEquals(first?.type, "gap");
  },
);

Deno.test(
  "an entry of a kind that is not known yet changes nothing but the cursor",
  pure,
  async () => {
    const lobby = room({ members: [{ clientId: "ben" }] });
    const kinds = ["waves", "closed", "message", "toString", undefined];
    kinds.forEach((kind, i) => take(lobby, seen(i + 1, kind as PresenceEvent)));
    assertEquals([lobby.cursor, members(lobby)], [5, [{ clientId: "ben" }]]);
    assertEquals(await rest(lobby), []);
  },
);

Deno.test("no field of an entry takes the place of what the client says of it", pure, async () => {
  const lobby = room();
  const claims = { type: "closed", roomId: "r2", own: true };
  take(lobby, { ...said(1, "hi"), ...claims }, { ...seen(2, "join"), ...claims });
  const [message, join] = await rest(lobby);
  assert(message?.type === "message" && join?.type === "join");
  assertEquals([message.roomId, message.own, join.own], ["r1", false, false]);
});

Deno.test("a rejoin that recovered goes on behind the cursor with new members", pure, async () => {
  const lobby = room();
  take(lobby, said(1, "one"));
  const reply: SuccessReply = {
    status: "success",
    room_id: "r1",
    epoch: "e1",
    seq: 3,
    after: 1,
    members: [{ clientId: "cleo" }],
    recovered: true,
  };
  lobby.renew(reply, true);
  take(lobby, said(1, "one"), said(2, "two"), seen(3, "leave"));
  assertEquals(members(lobby), [{ clientId: "cleo" }]);
  assertEquals((await rest(lobby)).map((event) => "seq" in event ? event.seq : event), [
    1,
    { type: "recovered", recovered: true },
    2,
    3,
  ]);
});

Deno.test("a rejoin that did not recover begins where the server says", pure, async () => {
  const lobby = room({ seq: 50, after: 50 });
  lobby.renew({ status: "success", epoch: "e2", seq: 2, after: 2, recovered: false }, true);
  assertEquals([lobby.epoch, lobby.cursor], ["e2", 2]);
  take(lobby, said(3, "anew"));
  const [told, message] = await rest(lobby);
  assertEquals(told, { type: "recovered", recovered: false });
  assertEquals(message?.type === "message" && message.body, "anew");
});

Deno.test("an event names the epoch that it was in, however late it is read", pure, async () => {
  const lobby = room();
  take(lobby, said(5, "before"));
  lobby.renew({ status: "success", epoch: "e2", seq: 0, after: 0, members: [] }, true);
  take(lobby, said(1, "after"));
  assertEquals(lobby.epoch, "e2");
  const told = (await rest(lobby)).map((event) => "epoch" in event ? event.epoch : event.type);
  assertEquals(told, ["e1", "recovered", "e2"]);
});

Deno.test("nothing of another epoch counts as recovered", pure, async () => {
  const lobby = room({ seq: 50, after: 50 });
  lobby.renew({ status: "success", epoch: "e2", seq: 0, after: 0, recovered: true }, true);
  take(lobby, said(1, "anew"));
  const [told, message] = await rest(lobby);
  assertEquals(told, { type: "recovered", recovered: false });
  assertEquals(message?.type === "message" && message.body, "anew");
});

Deno.test("iterating over a room gives its messages only, until it ends", pure, async () => {
  const lobby = room();
  take(lobby, seen(1, "join"), said(2, "two"), seen(3, "leave"), said(4, "four", "me"));
  lobby.tell({ type: "typing", from: "ben" });
  lobby.end("Over");
  const bodies = [];
  for await (const { body } of lobby) bodies.push(body);
  assertEquals(bodies, ["two", "four"]);
});

Deno.test("a loop that breaks and a later one get each message once", pure, async () => {
  const lobby = room();
  take(lobby, said(1, "one"), said(2, "two"), said(3, "three"));
  for await (const { body } of lobby) if (body === "two") break;
  const { value } = await lobby.messages().next();
  assertEquals(value?.body, "three");
});

Deno.test("messages and events made at once both see everything", pure, async () => {
  const lobby = room();
  const [messages, events] = [lobby.messages(), lobby.events()];
  take(lobby, said(1, "one"), seen(2, "leave"));
  lobby.end("Over");
  assertEquals((await Array.fromAsync(messages)).length, 1);
  assertEquals((await Array.fromAsync(events)).length, 3);
});

/** More than a room keeps for slow readers. */
const MANY = 25_000;

/** Takes the messages `from` to `to`. */
function chatter(lobby: JoinedRoom, from: number, to: number): void {
  for (let seq = from; seq <= to; seq++) take(lobby, said(seq, "x"));
}

Deno.test("a reader that is too slow gets a gap that names what it missed", pure, async () => {
  const lobby = room();
  const reader = lobby.events();
  chatter(lobby, 1, 1);
  await reader.next();
  chatter(lobby, 2, MANY);
  const gap = (await reader.next()).value;
  assert(gap?.type === "gap");
  assertEquals(gap.fromSeq, 2);
  const next = (await reader.next()).value;
  assertEquals(next && "seq" in next && next.seq, gap.toSeq + 1);
});

Deno.test("of long messages a room keeps fewer for slow readers", pure, async () => {
  const lobby = room();
  const long = "x".repeat(65_536);
  for (let seq = 1; seq <= 300; seq++) take(lobby, said(seq, long));
  const [gap, ...kept] = await rest(lobby);
  assert(gap?.type === "gap" && gap.fromSeq === 1);
  assertEquals(kept.length, 300 - gap.toSeq);
  // At least 4 Mi characters, and at most twice as many.
  assert(kept.length >= 64 && kept.length <= 128, `${kept.length}`);
});

/** Which of the entries up to `last` a reader was neither given nor told that they are missing. */
function unaccounted(events: RoomEvent[], from: number, last: number): number[] {
  const open = new Set(Array.from({ length: last - from + 1 }, (_, i) => from + i));
  for (const event of events) {
    if (event.type === "gap") {
      for (let seq = event.fromSeq; seq <= event.toSeq; seq++) open.delete(seq);
    } else if ("seq" in event) open.delete(event.seq);
  }
  return [...open];
}

Deno.test("a gap is told even if the oldest event that is kept is no entry", pure, async () => {
  const lobby = room();
  const reader = lobby.events();
  chatter(lobby, 1, 1);
  await reader.next();
  chatter(lobby, 2, 100);
  for (let i = 0; i < MANY; i++) lobby.tell({ type: "typing", from: "ben" });
  chatter(lobby, 101, 101);
  lobby.end("Over");
  assertEquals(unaccounted(await Array.fromAsync(reader), 2, 101), []);
});

Deno.test("a reader that is too slow twice in a row misses nothing unnamed", pure, async () => {
  const lobby = room();
  const reader = lobby.events();
  chatter(lobby, 1, MANY);
  const first = (await reader.next()).value;
  assert(first?.type === "gap");
  chatter(lobby, MANY + 1, 2 * MANY);
  lobby.end("Over");
  const rest = await Array.fromAsync(reader);
  assertEquals(unaccounted([first, ...rest], 1, 2 * MANY), []);
});

Deno.test("a gap does not name what an earlier loop has had", pure, async () => {
  const lobby = room({ seq: 10, after: 10 });
  chatter(lobby, 11, 11);
  for await (const _ of lobby) break;
  lobby.tell({ type: "typing", from: "ben" });
  chatter(lobby, 12, MANY);
  const gap = (await lobby.events().next()).value;
  assertEquals(gap?.type === "gap" && gap.fromSeq, 12);
});

Deno.test("a gap names nothing from before the client came", pure, async () => {
  const lobby = room({ seq: 10, after: 10 });
  chatter(lobby, 11, MANY);
  const gap = (await lobby.events().next()).value;
  assertEquals(gap?.type === "gap" && gap.fromSeq, 11);
});

Deno.test("a slow loop over messages passes over the gap", pure, async () => {
  const lobby = room();
  chatter(lobby, 1, MANY);
  lobby.end("Over");
  const messages = await Array.fromAsync(lobby);
  const [first] = messages;
  assert(first !== undefined && first.seq > 1);
  assertEquals(messages.length, MANY - first.seq + 1);
});

Deno.test("the signal of a reader ends it", pure, async () => {
  const controller = new AbortController();
  const next = room().messages({ signal: controller.signal }).next();
  controller.abort(new Error("Enough"));
  await assertRejects(() => next, Error, "Enough");
});

Deno.test("a listener is called with each event in turn, until the room ends", pure, async () => {
  const lobby = room();
  take(lobby, said(1, "one"));
  const heard: string[] = [];
  const listening = lobby.subscribe(async (event) => {
    heard.push(`${event.type} begins`);
    await Promise.resolve();
    heard.push("and ends");
  });
  lobby.tell({ type: "typing", from: "ben" });
  lobby.end("Over");
  await listening;
  assertEquals(heard, [
    "message begins",
    "and ends",
    "typing begins",
    "and ends",
    "closed begins",
    "and ends",
  ]);
});

Deno.test(
  "a listener is not called once its signal is aborted, and that is no error",
  pure,
  async () => {
    const lobby = room();
    const controller = new AbortController();
    const heard: string[] = [];
    const listening = lobby.subscribe(({ type }) => {
      heard.push(type);
      if (type === "typing") controller.abort();
    }, { signal: controller.signal });
    take(lobby, said(1, "one"));
    lobby.tell({ type: "typing", from: "ben" });
    take(lobby, said(2, "two"));
    await listening;
    assertEquals(heard, ["message", "typing"]);
    await lobby.subscribe(() => heard.push("late"), { signal: AbortSignal.abort() });
    const waiting = new AbortController();
    const silent = lobby.subscribe(() => heard.push("late"), {
      from: "now",
      signal: waiting.signal,
    });
    waiting.abort();
    await silent;
    assertEquals(heard.length, 2);
  },
);

Deno.test(
  "what a listener throws comes to whoever has subscribed it, and it is called no more",
  pure,
  async () => {
    const lobby = room();
    take(lobby, said(1, "one"), said(2, "two"));
    let calls = 0;
    const failing = [
      lobby.subscribe(() => {
        calls++;
        throw new TypeError("Broken");
      }),
      lobby.subscribe(() => {
        calls++;
        return Promise.reject(new TypeError("Broken"));
      }),
    ];
    for (const listening of failing) await assertRejects(() => listening, TypeError, "Broken");
    assertEquals(calls, 2);
  },
);

Deno.test("a listener begins where it says", pure, async () => {
  const lobby = room();
  take(lobby, said(1, "one"));
  for await (const _ of lobby) break;
  take(lobby, said(2, "two"));
  const heard: Record<string, string[]> = {};
  const listening = (["start", "unread", "now"] as const).map((from) =>
    lobby.subscribe((event) => {
      if (event.type === "message") (heard[from] ??= []).push(event.body);
    }, { from })
  );
  take(lobby, said(3, "three"));
  lobby.end("Over");
  await Promise.all(listening);
  assertEquals(heard, {
    start: ["one", "two", "three"],
    unread: ["two", "three"],
    now: ["three"],
  });
});

Deno.test("sending, typing and leaving are the client's business", pure, async () => {
  const calls: unknown[] = [];
  const lobby = room({}, {
    send: (to, text, wait) => {
      calls.push(["send", to.id, text, wait]);
      return Promise.resolve({ seq: 5 });
    },
    typing: (to) => void calls.push(["typing", to.id]),
    leave: (from, wait) => {
      calls.push(["leave", from.id, wait]);
      return Promise.resolve();
    },
  });
  assertEquals(await lobby.send("hi", { timeoutMs: 1 }), { seq: 5 });
  lobby.typing();
  await lobby.leave();
  assertEquals(calls, [["send", "r1", "hi", { timeoutMs: 1 }], ["typing", "r1"], [
    "leave",
    "r1",
    undefined,
  ]]);
});
