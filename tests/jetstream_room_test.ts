import { assertEquals } from "@std/assert";
import type { JetStreamLink, StreamMessage } from "../src/store/jetstream_link.ts";
import { JetStreamRoom, type RoomMeta } from "../src/store/jetstream_room.ts";
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
  /** How many entries come live while the next reading goes on. */
  meanwhile = 0;
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

  last(subject: string) {
    const kept = { seq: this.stored, text: JSON.stringify(META), at: META.at };
    return Promise.resolve(subject === "roster" ? undefined : kept);
  }

  history(
    _subject: string,
    seq: number,
    begun: (count: number) => void,
    take: (message: StreamMessage) => void,
  ): Promise<void> {
    const upTo = this.stored;
    begun(upTo - seq + 1);
    for (; this.meanwhile > 0; this.meanwhile--) this.#heard(entry(++this.stored));
    for (; seq <= upTo; seq++) take(entry(seq));
    return Promise.resolve();
  }
}

pure("a room knows of what came while it was read, even if that was too much to keep", async () => {
  const fake = new FakeLink();
  fake.meanwhile = 5_000;
  const room = new JetStreamRoom("id", META, {
    link: fake.link,
    limits: { logEntries: 10_000, logBytes: 1e9, logAgeMs: 1e12 },
    events: { pushed: () => {}, relayed: () => {}, gone: () => {} },
    node: "me",
  });
  await room.open();
  assertEquals(room.lacking, true);
  await room.catchUp();
  assertEquals([room.log.head, room.log.size, room.lacking], [5_001, 5_001, false]);
  room.close();
});
