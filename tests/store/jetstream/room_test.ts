import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { JetStreamLink } from "../../../src/store/jetstream/link/link.ts";
import type { StreamMessage } from "../../../src/store/jetstream/link/stream_message.ts";
import type { RoomMeta } from "../../../src/store/jetstream/room_records.ts";
import type { PublishOutcome } from "../../../src/store/jetstream/link/publish.ts";
import { JetStreamRoom } from "../../../src/store/jetstream/room.ts";
import { pure } from "../../support/pure.ts";

const META: RoomMeta = { name: "Lobby", epoch: "e", made: "now", after: 0, at: Date.now() };

function entry(seq: number): StreamMessage {
  const text = `"at":1,"from":"ana","n":${seq},"body":""}`;
  const position = { base: 0, count: seq - 1, head: seq - 1 };
  return {
    seq,
    before: seq - 1,
    id: `ana.${seq}`,
    node: "",
    by: "",
    about: "",
    remains: "",
    text,
    position,
  };
}

/** A stream whose room has `stored` entries and grows, unread, whenever it is read. */
class FakeLink {
  readonly made = META.made;
  life = "l";
  stored = 1;
  /** The number of the newest that the stream keeps. */
  keeps = Infinity;
  readonly keptEntries = Infinity;
  /** Entries that somebody has removed from it. */
  readonly removed = new Set<number>();
  /** The number of entries that come live while the next reading goes on. */
  meanwhile = 0;
  /** The number that comes before the first entry of the next reading is sent, to be read as well. */
  before = 0;
  /** The outcome for the lists of members that are kept, and the number of them. */
  outcome: PublishOutcome = { type: "unknown", reason: "No answer" };
  kept = 0;
  #heard: (message: StreamMessage) => void = () => {};

  confirm(): Promise<void> {
    return Promise.resolve();
  }

  get link(): JetStreamLink {
    return this as unknown as JetStreamLink;
  }

  subject(kind: string): string {
    return kind;
  }

  listen(_subject: string, heard: (message: StreamMessage) => void): () => void {
    this.#heard = heard;
    return () => {};
  }

  /** Stores an entry that the room hears at once. */
  store(message: StreamMessage): void {
    this.stored = message.seq;
    this.#heard(message);
  }

  /** Words of the room to other nodes; they answer with a list of members up to `listed`. */
  readonly words: string[] = [];
  listed: number | undefined;

  say(_subject: string, text: string): void {
    this.words.push(text);
  }

  /** Lets the room hear what another node says. */
  hear(text: string): void {
    this.#heard({ ...entry(1), seq: NaN, text });
  }

  publish(): Promise<PublishOutcome> {
    this.kept++;
    return Promise.resolve(this.outcome);
  }

  last(subject: string) {
    const kept = { seq: this.#all.at(-1)?.seq ?? 0, text: JSON.stringify(META), at: META.at };
    if (subject === "roster" && this.words.length > 0 && this.listed !== undefined) {
      const members = [{ client_id: "cat", speaker: { node: "other", seq: 1 } }];
      const text = JSON.stringify({ epoch: META.epoch, seq: this.listed, quiet: false, members });
      return Promise.resolve({ ...kept, text });
    }
    const isThere = subject === "meta" || subject === "room" && kept.seq > 0;
    return Promise.resolve(isThere ? kept : undefined);
  }

  /** Entries of other rooms are in the same stream. */
  end(): Promise<number> {
    return Promise.resolve(this.stored + 1_000);
  }

  history(_subject: string, seq: number, most: number): Promise<StreamMessage[]> {
    this.stored += this.before;
    this.before = 0;
    const all = this.#all.filter((message) => message.seq >= seq);
    for (; this.meanwhile > 0; this.meanwhile--) this.#heard(entry(++this.stored));
    return Promise.resolve(all.slice(-most));
  }

  get #all(): StreamMessage[] {
    return Array.from({ length: this.stored }, (_, i) => entry(i + 1))
      .slice(Math.max(0, this.stored - this.keeps)).filter(({ seq }) => !this.removed.has(seq));
  }
}

function roomOf(
  fake: FakeLink,
  logEntries: number,
  logAgeMs = 1e12,
  relayed: (text: string) => void = () => {},
): JetStreamRoom {
  return new JetStreamRoom("id", META, {
    link: fake.link,
    limits: { logEntries, logBytes: 1e9, logAgeMs },
    events: {
      found: () => {},
      denied: () => {},
      redacted: () => {},
      moderated: () => {},
      moved: () => {},
      relayed,
      gone: () => {},
    },
    node: "me",
  });
}

pure("a room that was read while another life of the streams began is closed", async () => {
  const fake = new FakeLink();
  const [early, late] = [roomOf(fake, 10), roomOf(fake, 10)];
  await early.open();
  early.checkLife();
  await late.open();
  fake.life = "m";
  assertThrows(() => late.checkLife(), Error, "another life");
  assertEquals([early.state, late.state], ["open", "closed"]);
});

pure("a room that loses its oldest entries while it is read says so", async () => {
  const fake = new FakeLink();
  const room = roomOf(fake, 10);
  fake.keeps = 10;
  fake.stored = 9;
  fake.before = 4;
  await room.open();
  assertEquals([room.log.tail, room.log.head], [3, 13]);
  room.close();
});

pure("a room whose newest entry is still there has lost nothing, whatever time it is", async () => {
  const fake = new FakeLink();
  const room = roomOf(fake, 10, 0);
  await room.open();
  fake.stored = 3;
  await room.catchUp();
  assertEquals([room.log.tail, room.log.head], [0, 3]);
  room.close();
});

/** Opens a room whose stream has `stored` entries, and cuts it off. */
async function opened(
  stored: number,
  logEntries = 100,
): Promise<{ fake: FakeLink; room: JetStreamRoom }> {
  const fake = new FakeLink();
  fake.stored = stored;
  const room = roomOf(fake, logEntries);
  await room.open();
  room.doubt();
  return { fake, room };
}

pure(
  "a room reads on where its newest entry is gone from the stream, if nothing behind it is",
  async () => {
    const { fake, room } = await opened(5);
    fake.stored = 9;
    fake.keeps = 4;
    await room.catchUp();
    assertEquals([room.log.tail, room.log.head, room.log.size], [0, 9, 9]);
    room.close();
  },
);

pure("a room says that something is missing, however little its stream keeps", async () => {
  const { fake, room } = await opened(5);
  fake.stored = 9;
  fake.keeps = 3;
  await room.catchUp();
  assertEquals([room.log.tail, room.log.head, room.log.size], [6, 9, 3]);
  room.close();
});

pure(
  "a room says that something is missing where an entry was removed that others have named",
  async () => {
    const { fake, room } = await opened(5);
    fake.stored = 9;
    fake.removed.add(7);
    await room.catchUp();
    assertEquals([room.log.tail, room.log.head, room.log.size], [7, 9, 2]);
    room.close();
    // Nor does one that reads all of it anew take it for whole.
    const later = roomOf(fake, 100);
    await later.open();
    assertEquals([later.log.tail, later.log.head], [7, 9]);
    later.close();
  },
);

pure("a room whose stream was emptied while it was cut off takes nothing for certain", async () => {
  const { fake, room } = await opened(5);
  fake.stored = 9;
  fake.keeps = 0;
  await room.catchUp();
  assertEquals([room.log.tail, room.log.head, room.log.size], [1_009, 1_009, 0]);
  room.close();
  const later = roomOf(fake, 100);
  await later.open();
  assertEquals([later.log.tail, later.log.head], [1_009, 1_009]);
  later.close();
});

pure("a room that has heard everything keeps what is gone from its stream", async () => {
  const { fake, room } = await opened(5);
  await room.catchUp();
  fake.keeps = 0;
  await room.catchUp();
  assertEquals([room.log.tail, room.log.head, room.log.size], [0, 5, 5]);
  room.close();
});

for (const keeps of [0, 1]) {
  pure(
    `a room takes what comes by while it is read, though its stream keeps ${keeps} of that`,
    async () => {
      const { fake, room } = await opened(5);
      await room.catchUp();
      fake.keeps = keeps;
      room.expect(7);
      const reading = room.catchUp();
      fake.store(entry(6));
      fake.store(entry(7));
      await reading;
      assertEquals([room.log.tail, room.log.head, room.log.size], [0, 7, 7]);
      room.close();
    },
  );
}

pure(
  "a room that lacks an entry goes on behind it, where its stream has it no longer",
  async () => {
    const { fake, room } = await opened(5);
    await room.catchUp();
    fake.stored = 6;
    fake.keeps = 0;
    room.expect(6);
    await assertRejects(() => room.catchUp(), Error, "ends at 5");
    await room.catchUp();
    assertEquals([room.log.tail, room.log.head, room.lacking], [1_006, 1_006, false]);
    room.close();
  },
);

pure("a room that comes into doubt while it is read is to be read again", async () => {
  const { room } = await opened(5);
  const reading = room.catchUp();
  room.doubt();
  await reading;
  assertEquals(room.lacking, true);
  await room.catchUp();
  assertEquals(room.lacking, false);
  room.close();
});

pure("a room reads the stream when an entry comes whose author had one that it lacks", async () => {
  const { fake, room } = await opened(5);
  await room.catchUp();
  fake.stored = 7;
  // The two before it were lost on the way and removed: NATS says that there is none before it.
  fake.removed.add(6).add(7);
  fake.store({ ...entry(8), before: 0 });
  await room.catchUp();
  assertEquals([room.log.tail, room.log.head, room.log.size], [7, 8, 1]);
  room.close();
});

pure(
  "a room that was just made begins where it was made, and any other where it is certain",
  async () => {
    const fake = new FakeLink();
    fake.stored = 0;
    const made = roomOf(fake, 100);
    await made.open(true);
    assertEquals([made.log.tail, made.log.head], [0, 0]);
    made.close();
    const found = roomOf(fake, 100);
    await found.open();
    assertEquals([found.log.tail, found.log.head], [1_000, 1_000]);
    found.close();
  },
);

pure("a room knows of what came while it was read, even if that was too much to keep", async () => {
  const fake = new FakeLink();
  fake.meanwhile = 5_000;
  const room = roomOf(fake, 10_000);
  await room.open();
  assertEquals(room.lacking, true);
  await room.catchUp();
  assertEquals([room.log.head, room.log.size, room.lacking], [5_001, 5_001, false]);
  room.close();
});

pure("a list of members that could not be kept is kept later", async () => {
  const fake = new FakeLink();
  const room = roomOf(fake, 8);
  await room.open();
  const joined = `"at":1,"event":"join","from":"ana"}`;
  fake.store({ ...entry(2), id: "ana.me-1", node: "me", text: joined });
  const storeUpTo = async (seq: number) => {
    while (fake.stored < seq) {
      fake.store(entry(fake.stored + 1));
      await Promise.resolve();
    }
  };
  await storeUpTo(3);
  assertEquals(fake.kept, 1);
  fake.outcome = { type: "stored", seq: 1, duplicate: false };
  await storeUpTo(6);
  assertEquals(fake.kept, 2);
  // Before the log forgets what has led to it, it is kept again, though nobody came or went.
  await storeUpTo(10);
  assertEquals(fake.kept, 2);
  await storeUpTo(11);
  assertEquals(fake.kept, 3);
  room.close();
});

pure("a room that does not know who is in it asks the nodes that do", async () => {
  const fake = new FakeLink();
  fake.stored = 9;
  fake.keeps = 3;
  fake.listed = 9;
  const room = roomOf(fake, 100);
  await room.open();
  assertEquals([fake.words, [...room.roster.members.keys()]], [["me roster?"], ["cat"]]);
  assertEquals([room.log.tail, room.log.size], [6, 3]);
  room.close();
});

pure(
  "a room takes no list of members that is older than its log, and does not wait for ever",
  async () => {
    const fake = new FakeLink();
    fake.stored = 9;
    fake.keeps = 3;
    fake.listed = 5;
    const room = roomOf(fake, 100);
    await room.open();
    assertEquals([fake.words.length, room.roster.members.size], [5, 0]);
    room.close();
  },
);

pure(
  "a room that is asked who is in it keeps the list at once, and passes on all other words",
  async () => {
    const fake = new FakeLink();
    const relayed: string[] = [];
    const room = roomOf(fake, 100, 1e12, (text) => relayed.push(text));
    await room.open();
    fake.hear("other roster?");
    fake.hear('other {"event":"typing"}');
    fake.hear("me roster?");
    assertEquals([fake.kept, relayed], [1, ['{"event":"typing"}']]);
    room.close();
  },
);
