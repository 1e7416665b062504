import { assertEquals, assertMatch } from "@std/assert";
import { LogLimit } from "../../../src/server/logging/log_limit.ts";
import {
  createLogger,
  LOG_LEVELS,
  type LogFormat,
  type Logger,
  type LogLevel,
} from "../../../src/server/logging/logger.ts";
import { pure } from "../../support/pure.ts";
import { bounded } from "../../support/waiting.ts";

/** The lines that a logger writes while `log` uses it, each with the stream that it goes to. */
async function written(
  level: LogLevel,
  format: LogFormat,
  log: (logger: Logger) => void,
): Promise<[stream: string, line: string][]> {
  const lines: [string, string][] = [];
  const sink = (stream: string) => ({
    write(bytes: Uint8Array): Promise<number> {
      const text = new TextDecoder().decode(bytes);
      lines.push(...text.split("\n").slice(0, -1).map((line): [string, string] => [stream, line]));
      return Promise.resolve(bytes.length);
    },
  });
  const logger = createLogger(level, format, { stdout: sink("stdout"), stderr: sink("stderr") });
  log(logger);
  await logger.flush(1_000);
  return lines;
}

function each(logger: Logger): void {
  for (const level of LOG_LEVELS) logger[level]("something happened", { connection: 7 });
}

pure("a logger writes debug and info to stdout, warn and error to stderr", async () => {
  const lines = await written("debug", "json", each);
  assertEquals(lines.map(([stream, line]) => [stream, JSON.parse(line).level]), [
    ["stdout", "debug"],
    ["stdout", "info"],
    ["stderr", "warn"],
    ["stderr", "error"],
  ]);
});

pure("a logger writes nothing below its level", async () => {
  for (const [i, level] of LOG_LEVELS.entries()) {
    const lines = await written(level, "json", each);
    assertEquals(lines.map(([, line]) => JSON.parse(line).level), LOG_LEVELS.slice(i));
  }
});

pure("a logger says the same ten times, then how often more, each event for itself", async () => {
  const lines = await written("info", "json", (logger) => {
    for (let i = 0; i < 1_000; i++) logger.warn("evicted", { connection: i });
    for (let i = 0; i < 10; i++) logger.info("store works again");
    logger.error("store failed");
  });
  const events = lines.map(([, line]) => JSON.parse(line));
  const count = (wanted: string) => events.filter(({ event }) => event === wanted).length;
  assertEquals(["evicted", "store works again", "store failed"].map(count), [11, 10, 1]);
  const [{ level, event, more_like_this }] = events.filter((event) => "more_like_this" in event);
  assertEquals([level, event, more_like_this], ["warn", "evicted", 990]);
});

pure("a logger tells what it held back although nothing else happens", async () => {
  const told = Promise.withResolvers<string>();
  const sink = {
    write(bytes: Uint8Array): Promise<number> {
      const text = new TextDecoder().decode(bytes);
      if (text.includes("more")) told.resolve(text);
      return Promise.resolve(bytes.length);
    },
  };
  const sinks = { stdout: sink, stderr: sink };
  const logger = createLogger("info", "pretty", sinks, new LogLimit(1, 20));
  for (let i = 0; i < 3; i++) logger.error("store failed", { room: "id" });
  assertMatch(
    await bounded(told.promise, () => "nothing is told"),
    /ERROR store failed more_like_this=2\n$/,
  );
});

pure("a logger holds nothing back of what it is asked to debug", async () => {
  const lines = await written("debug", "pretty", (logger) => {
    for (let i = 0; i < 100; i++) logger.debug("connected");
  });
  assertEquals(lines.length, 100);
});

pure("a JSON line has time, level, event and the fields that are set", async () => {
  const [[, line] = ["", ""]] = await written("info", "json", (logger) => {
    logger.info("evicted", { code: 4002, reason: "slow", of: undefined });
  });
  const { time, ...rest } = JSON.parse(line);
  assertEquals(rest, { level: "info", event: "evicted", code: 4002, reason: "slow" });
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

pure("a line for people has time, level, event and fields in that order", async () => {
  const [[, line] = ["", ""]] = await written("info", "pretty", (logger) => {
    logger.warn("evicted", { code: 4002, reason: "a b", of: undefined });
  });
  assertMatch(line, /^\d\d:\d\d:\d\d\.\d{3} WARN {2}evicted code=4002 reason="a b"$/);
});

pure("what others chose can neither forge a line nor reach the terminal", async () => {
  const evil = 'x"\n12:00:00.000 ERROR forged\r\u001b[2J\u009b\u202e\u2028';
  for (const format of ["pretty", "json"] satisfies LogFormat[]) {
    const lines = await written("info", format, (logger) => logger.info("name", { evil }));
    assertEquals(lines.length, 1);
    const line = lines[0]![1];
    assertEquals(/\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u.test(line), false, line);
    if (format === "json") assertEquals(JSON.parse(line).evil, evil);
  }
});

pure("a field named like a part of the line does not replace it in JSON", async () => {
  const [[, line] = ["", ""]] = await written("info", "json", (logger) => {
    logger.info("real", { event: "forged", level: "error" });
  });
  assertEquals([JSON.parse(line).event, JSON.parse(line).level], ["real", "info"]);
});
