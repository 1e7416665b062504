import { assert, assertEquals } from "@std/assert";
import { JetStreamLink, type LinkSettings } from "../src/store/jetstream_link.ts";
import { until } from "./chaos/setting.ts";
import { type NatsScript, ScriptedNats } from "./scripted_nats.ts";

const SETTINGS: Omit<LinkSettings, "servers"> = {
  name: "test",
  replicas: 1,
  logEntries: 10,
  logAgeMs: 1_000,
  dedupMs: 1_000,
  patienceMs: 500,
};

const MADE = "2026-01-01T00:00:00Z";

const NOT_FOUND = { error: { code: 404, err_code: 10_059, description: "stream not found" } };
const OVERLAP = { error: { code: 400, err_code: 10_065, description: "subjects overlap" } };
const WRONG_LAST = { error: { code: 400, err_code: 10_071, description: "wrong last sequence" } };

/** What NATS tells of a stream with that configuration. */
function stream(created: string): unknown {
  return { config: { num_replicas: 1 }, created, state: {} };
}

/**
 * Connects a link, waits until something has come of it and until it was `enough`, and
 * returns what it reported.
 */
async function reported(
  script: NatsScript,
  enough: (link: JetStreamLink) => boolean = () => true,
): Promise<{ reports: string[]; made: string }> {
  await using nats = new ScriptedNats(script);
  const reports: string[] = [];
  const link = new JetStreamLink({ ...SETTINGS, servers: [nats.host] }, {
    whole: (whole) => void reports.push(whole ? "whole" : "broken"),
    wiped: () => void reports.push("wiped"),
    failed: (reason) => void reports.push(reason),
  });
  await until(() => reports.length > 0, "nothing is reported");
  await until(() => enough(link), "it was not enough");
  const result = { reports: [...reports], made: link.made };
  await link.close();
  return result;
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
      if (before < 3) return undefined;
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
    return { config: { num_replicas: 1, description: "parley:k7q2" }, created, state: {} };
  }, (link) => {
    link.look();
    return asked > 10;
  });
  assertEquals(reports, ["whole"]);
  assertEquals(made, "parley:k7q2 parley:k7q2");
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
