import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { JetStreamLife, type LifeLink } from "../../../../src/store/jetstream/link/life.ts";
import type { MarkedStream } from "../../../../src/store/jetstream/link/marks.ts";

/** Streams as one node sees them: what a server says of them can be set. */
class Streams {
  /** The last `seq` of the rooms' stream. */
  end = 0;
  /** The word in the marks; undefined where they are gone. */
  mark: string | undefined;
  #kept: { seq: number; text: string } | undefined;

  readonly link = {
    made: "M",
    subject: (kind: string, of: string) => `${kind}.${of}`,
    last: () => Promise.resolve(this.#kept),
    publish: (_: string, text: string) => {
      const seq = (this.#kept?.seq ?? 0) + 1;
      this.#kept = { seq, text };
      return Promise.resolve({ type: "stored", seq, duplicate: false });
    },
  } as unknown as LifeLink;

  readonly connection = {
    nc: {
      subscribe: () => ({ unsubscribe() {} }),
      request: (_: string, text: string) => {
        this.mark = text;
        return Promise.resolve();
      },
    },
    jsm: {
      streams: {
        info: () => Promise.resolve({ state: { last_seq: this.end } }),
        getMessage: (stream: string) =>
          Promise.resolve(stream === "S" ? null : this.mark && { string: () => this.mark }),
        add: () => Promise.resolve(),
      },
      consumers: {
        add: () => Promise.resolve(),
        info: () => Promise.resolve({ created: "once" }),
        delete: () => Promise.resolve(),
      },
    },
    stream: "S",
    replicas: 3,
  } as unknown as MarkedStream;
}

/** A node that has seen the streams up to `seq` 9. */
async function nodeOf(streams: Streams): Promise<JetStreamLife> {
  const life = new JetStreamLife(streams.link, 1, () => {});
  streams.end = 9;
  await life.establish(streams.connection);
  life.saw(9, "a.9");
  await life.confirm(streams.connection);
  return life;
}

Deno.test("a server that was stopped and is behind begins no other life of the streams", async () => {
  const streams = new Streams();
  const life = await nodeOf(streams);
  const before = life.id;
  streams.end = 5;
  await assertRejects(
    () => life.establish(streams.connection),
    Error,
    "NATS does not have all that it has acknowledged",
  );
  streams.end = 9;
  assert(await life.establish(streams.connection));
  assertEquals(life.id, before);
});

Deno.test("streams that end earlier for good begin another life, whatever their marks say", async () => {
  const streams = new Streams();
  const life = await nodeOf(streams);
  const before = life.id;
  streams.end = 5;
  let tries = 1;
  while (await life.establish(streams.connection).then(() => false, () => true)) tries++;
  assertNotEquals(life.id, before);
  assertEquals(tries, 8);
});

Deno.test("streams that end earlier and have no marks begin another life at once", async () => {
  const streams = new Streams();
  const life = await nodeOf(streams);
  const before = life.id;
  streams.end = 5;
  streams.mark = undefined;
  assertEquals(await life.establish(streams.connection), false);
  assertNotEquals(life.id, before);
});
