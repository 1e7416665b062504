import { assert, assertEquals } from "@std/assert";
import { type AddressInfo, createServer } from "node:net";
import {
  JetStreamLink,
  LIBRARIES,
  type LinkSettings,
} from "../../../../src/store/jetstream/link/link.ts";
import "../../../support/ignore_unpermitted.ts";
import { until } from "../../../support/waiting.ts";
import { type NatsScript, ScriptedNats } from "../scripted_nats.ts";

const SETTINGS: Omit<LinkSettings, "servers"> = {
  name: "test",
  replicas: 1,
  logEntries: 10,
  logAgeMs: 1_000,
  dedupMs: 1_000,
  patienceMs: 500,
};

const MADE = "2026-01-01T00:00:00Z";

/** A script with consumers, which have nothing to send, where the life of the streams is kept and marked. */
function allowing(script: NatsScript): NatsScript {
  const consumer = { name: "c", num_pending: 0, config: {} };
  let life = "";
  const message = (text: string) => ({ message: { seq: 1, data: btoa(text), time: MADE } });
  return (question) => {
    const { subject, body } = question;
    if (subject.startsWith("$JS.API.CONSUMER.")) return consumer;
    if (subject === "$JS.API.STREAM.MSG.GET.test-mark") return message(JSON.parse(life).id);
    if (subject === "$JS.API.STREAM.MSG.GET.test-state") return life ? message(life) : NO_MESSAGE;
    if (subject !== "test.meta.-life") return script(question);
    life = body;
    return { stream: "test-state", seq: 1 };
  };
}

const NO_MESSAGE = { error: { code: 404, err_code: 10_037, description: "no message found" } };
const NOT_FOUND = { error: { code: 404, err_code: 10_059, description: "stream not found" } };
const OVERLAP = { error: { code: 400, err_code: 10_065, description: "subjects overlap" } };
const WRONG_LAST = { error: { code: 400, err_code: 10_071, description: "wrong last sequence" } };

/** Describes a stream with that configuration, as NATS does. */
function stream(created: string): unknown {
  return { config: { num_replicas: 1 }, created, state: { first_seq: 1, last_seq: 0 } };
}

/** Makes a link to a NATS that writes down what it reports. */
function linkTo(host: string, reports: string[]): JetStreamLink {
  return new JetStreamLink({ ...SETTINGS, servers: [host] }, {
    whole: () => void reports.push("whole"),
    broken: (reason) => void reports.push(reason),
    wiped: () => void reports.push("wiped"),
    refused: (_subject, reason) => void reports.push(reason),
    troubled: (reason) => void reports.push(reason),
  });
}

/**
 * Connects a link, waits until something has come of it and until it was `enough`, and
 * returns what it reported.
 */
async function reported(
  script: NatsScript,
  enough: (link: JetStreamLink) => boolean = () => true,
): Promise<{ reports: string[]; made: string }> {
  await using nats = new ScriptedNats(allowing(script));
  const reports: string[] = [];
  const link = linkTo(nats.host, reports);
  await until(() => reports.length > 0, "nothing is reported");
  await until(() => enough(link), "it was not enough");
  const result = { reports: [...reports], made: link.made };
  await link.close();
  return result;
}

/** Lets a link work with a NATS that has all it needs, until the end of `run`. */
async function working(
  run: (nats: ScriptedNats, link: JetStreamLink, reports: string[]) => Promise<void>,
  script: NatsScript = () => WRONG_LAST,
): Promise<void> {
  await using nats = new ScriptedNats(allowing((question) => {
    return question.subject.startsWith("$JS.API.STREAM.") ? stream(MADE) : script(question);
  }));
  const reports: string[] = [];
  const link = linkTo(nats.host, reports);
  try {
    await until(() => reports.at(-1) === "whole", "it is not whole");
    reports.length = 0;
    await run(nats, link, reports);
  } finally {
    await link.close();
  }
}

for (const shown of [false, true]) {
  const when = shown ? "shown before that" : "refused because of that";
  Deno.test(`a link waits for streams that another node is making: ${when}`, async () => {
    const begun = new Set<string>();
    const { reports, made } = await reported(({ subject, before }) => {
      if (subject.startsWith("$JS.API.STREAM.CREATE.")) return OVERLAP;
      if (subject.startsWith("$JS.API.STREAM.UPDATE.")) return stream(MADE);
      if (subject.startsWith("$JS.API.STREAM.INFO.")) {
        if (before === 0 && !shown) return NOT_FOUND;
        // As NATS before 2.9.16 does: the stream is there, and has no time of its own yet.
        return stream(begun.has(subject.split(".").at(-1)!) ? MADE : "0001-01-01T00:00:00Z");
      }
      // A message to a stream that does not listen yet is one that nobody takes.
      if (before < 3 && begun.size < 2) return undefined;
      begun.add(subject.startsWith("test.room.") ? "test" : "test-state");
      return WRONG_LAST;
    });
    assertEquals(reports, ["whole"]);
    assertEquals(made, `${MADE} ${MADE}`);
  });
}

Deno.test("a stream is the same one when another replica says when it was made", async () => {
  let asked = 0;
  const { reports, made } = await reported(({ subject }) => {
    if (!subject.startsWith("$JS.API.STREAM.")) return WRONG_LAST;
    const created = `2026-01-01T00:00:00.${++asked}Z`;
    const state = { first_seq: 1, last_seq: 0 };
    return { config: { num_replicas: 1, description: "parley:k7q2" }, created, state };
  }, (link) => {
    link.look();
    return asked > 10;
  });
  assertEquals(reports, ["whole"]);
  assertEquals(made, "parley:k7q2 parley:k7q2");
});

Deno.test("what NATS knows the id of, but no place, is not taken for stored", async () => {
  const outcomes: unknown[] = [];
  await working(async (_, link) => {
    for (let i = 0; i < 2; i++) {
      const { type } = await link.publish("test.room.k7q2", "{}", { id: "ana.1" });
      outcomes.push(type, await link.find("ana.1"));
    }
  }, ({ subject, before }) => {
    if (!subject.startsWith("test.room.")) return WRONG_LAST;
    // As replicas of NATS 2.10 do, which remember the ids of what they have refused.
    if (subject === "test.room.k7q2") return { stream: "test", seq: before * 7, duplicate: true };
    return before < 2 ? WRONG_LAST : { stream: "test", seq: (before - 2) * 7, duplicate: true };
  });
  assertEquals(outcomes, ["unknown", 0, "stored", 7]);
});

Deno.test("a link says so where other streams have its subjects", async () => {
  const { reports } = await reported(({ subject }) => {
    if (subject.startsWith("$JS.API.STREAM.INFO.")) return NOT_FOUND;
    if (subject.startsWith("$JS.API.STREAM.CREATE.")) return OVERLAP;
  });
  assertEquals(reports, ["subjects overlap"]);
});

Deno.test("a link is not whole while a stream takes no messages", async () => {
  const { reports } = await reported(({ subject }) => {
    if (subject.startsWith("$JS.API.STREAM.")) return stream(MADE);
  });
  assert(/takes no messages/.test(reports[0] ?? ""), reports[0]);
});

Deno.test("a link that NATS does not let in, however often, goes on trying", async () => {
  await working(async (nats, _link, reports) => {
    nats.refuses = (line) => line.startsWith("CONNECT") ? "Authorization Violation" : undefined;
    nats.cut();
    const { taken } = nats;
    await until(() => nats.taken >= taken + 3, "it tries no more");
    nats.refuses = () => undefined;
    await until(() => reports.at(-1) === "whole", "it does not come back");
    assert(reports.includes("Authorization Violation"), reports.join());
  });
});

Deno.test("a link says what NATS forbids it, and goes on when that is allowed", async () => {
  await working(async (nats, link, reports) => {
    link.listen("test.live.a", () => {});
    const needs = [
      "SUB test.live.a",
      "SUB test.read.",
      "HPUB test.client.-",
      "PUB $JS.API.CONSUMER",
    ];
    for (const need of needs) {
      let reason = "";
      nats.refuses = (line) => {
        if (!line.startsWith(need)) return undefined;
        const [verb, subject] = line.split(" ");
        const what = verb === "SUB" ? "Subscription" : "Publish";
        return reason = `Permissions Violation for ${what} to "${subject}"`;
      };
      nats.cut();
      await until(() => reports.includes(reason), `${need} is not reported`);
      nats.refuses = () => undefined;
      await until(() => reports.at(-1) === "whole", "it does not come back");
    }
  });
});

Deno.test("a link leaves a NATS server that reads no more, whatever is still to be sent", async () => {
  await working(async (nats, link, reports) => {
    nats.ignore();
    for (let i = 0; i < 64; i++) link.say("test.live.a", "x".repeat(500_000));
    link.giveUp("Nothing is heard");
    await until(() => reports.at(-1) === "whole", "it does not come back");
  });
});

Deno.test("a link that NATS breaks off with a word ends no program", async () => {
  let broken = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write(
      `INFO ${JSON.stringify({ version: "2.9.10", headers: true, max_payload: 1e6 })}\r\n`,
    );
    socket.on("data", (data) => {
      if (!String(data).includes("PUB ")) return socket.write("PONG\r\n");
      broken++;
      socket.write("-ERR 'Maximum Payload Violation'\r\n", () => socket.resetAndDestroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const reports: string[] = [];
  const link = linkTo(`127.0.0.1:${port}`, reports);
  await until(() => broken > 3, "it does not try again");
  await link.close();
  await new Promise((resolve) => server.close(resolve));
  assert(reports.includes("Maximum Payload Violation"), reports.join());
});

Deno.test("a link that cannot use a connection leaves none behind", async () => {
  const { jetstream } = LIBRARIES;
  LIBRARIES.jetstream = "data:text/javascript," +
    'export const jetstreamManager = () => Promise.reject(new Error("No manager"));';
  try {
    await using nats = new ScriptedNats(() => undefined);
    const reports: string[] = [];
    const link = linkTo(nats.host, reports);
    try {
      await until(() => reports.includes("No manager"), "it does not tell");
      await until(() => nats.open === 0, "the connection is still open");
    } finally {
      await link.close();
      nats.cut();
    }
  } finally {
    LIBRARIES.jetstream = jetstream;
  }
});
