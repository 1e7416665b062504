import { assertEquals } from "@std/assert";
import type { JetStreamLink, StreamMessage } from "../src/store/jetstream_link.ts";
import type { PublishOutcome } from "../src/store/jetstream_publish.ts";
import type { RoomMeta } from "../src/store/jetstream_metas.ts";
import { JetStreamRoom } from "../src/store/jetstream_room.ts";
import { pure } from "./pure.ts";

const META: RoomMeta = { name: "Lobby", epoch: "e", made: "now", after: 0, at: Date.now() };

function entry(seq: number): StreamMessage {
  const text = `"at":1,"from":"ana","n":${seq},"body":""}`;
  return { seq, before: seq - 1, id: `ana.${seq}`, node: "", text };
}

/** A stream whose room has `stored` entries and grows, unread, whenever it is read. */
class FakeLink {
  readonly made = META.made;
  stored = 1;
  /** How many of the newest the stream keeps. */
  keeps = Infinity;
  /** How many entries come live while the next reading goes on. */
  meanwhile = 0;
  /** How many come before the first entry of the next reading is sent, to be read as well. */
  before = 0;
  /** What comes of the lists of members that are kept, and how many there were. */
  outcome: PublishOutcome = { type: "unknown", reason: "No answer" };
  kept = 0;
  #heard: (message: StreamMessage) => void = () => {};

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
  say(message: StreamMessage): void {
    this.stored = message.seq;
    this.#heard(message);
  }

  publish(): Promise<PublishOutcome> {
    this.kept++;
    return Promise.resolve(this.outcome);
  }

  last(subject: string) {
    const kept = { seq: this.stored, text: JSON.stringify(META), at: META.at };
    return Promise.resolve(subject === "roster" ? undefined : kept);
  }

  history(_subject: string, seq: number, most: number): Promise<StreamMessage[]> {
    this.stored += this.before;
    this.before = 0;
    const upTo = this.stored;
    for (; this.meanwhile > 0; this.meanwhile--) this.#heard(entry(++this.stored));
    const oldest = Math.max(seq, upTo - this.keeps + 1);
    const all = Array.from({ length: upTo - oldest + 1 }, (_, i) => entry(oldest + i));
    return Promise.resolve(all.slice(-most));
  }
}

function roomOf(fake: FakeLink, logEntries: number, logAgeMs = 1e12): JetStreamRoom {
  return new JetStreamRoom("id", META, {
    link: fake.link,
    limits: { logEntries, logBytes: 1e9, logAgeMs },
    events: { pushed: () => {}, relayed: () => {}, gone: () => {} },
    node: "me",
  });
}

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
  fake.say({ ...entry(2), id: "ana.me-1", node: "me", text: joined });
  const sayUpTo = async (seq: number) => {
    while (fake.stored < seq) {
      fake.say(entry(fake.stored + 1));
      await Promise.resolve();
    }
  };
  await sayUpTo(4);
  assertEquals(fake.kept, 1);
  fake.outcome = { type: "stored", seq: 1, duplicate: false };
  await sayUpTo(20);
  assertEquals(fake.kept, 2);
  room.close();
});
