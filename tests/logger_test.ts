// deno-lint-ignore-file no-console -- the console is what is tested
import { assertEquals, assertMatch } from "@std/assert";
import { createLogger, LOG_LEVELS, type LogFormat, type Logger } from "../src/logger.ts";
import { pure } from "./pure.ts";

const CONSOLE = ["debug", "info", "warn", "error"] as const;

/** What `log` makes the console print, with the function that printed it. */
function printed(log: () => void): [string, string][] {
  const lines: [string, string][] = [];
  const kept = CONSOLE.map((name) => console[name]);
  CONSOLE.forEach((name) => console[name] = (line: string) => void lines.push([name, line]));
  try {
    log();
  } finally {
    CONSOLE.forEach((name, i) => console[name] = kept[i]!);
  }
  return lines;
}

function each(logger: Logger): void {
  for (const level of LOG_LEVELS) logger[level]("something happened", { connection: 7 });
}

pure("a logger prints with the console's own function for each severity", () => {
  const lines = printed(() => each(createLogger("debug", "json")));
  assertEquals(lines.map(([name]) => name), ["debug", "info", "warn", "error"]);
  assertEquals(lines.map(([, line]) => JSON.parse(line).level), ["debug", "info", "warn", "error"]);
});

pure("a logger prints nothing below its level", () => {
  LOG_LEVELS.forEach((level, i) => {
    const lines = printed(() => each(createLogger(level, "pretty")));
    assertEquals(lines.map(([name]) => name), LOG_LEVELS.slice(i));
  });
});

pure("a JSON line has time, level, event and the fields that are set", () => {
  const [[, line] = ["", ""]] = printed(() =>
    createLogger("info", "json").info("evicted", { code: 4002, reason: "slow", of: undefined })
  );
  const { time, ...rest } = JSON.parse(line);
  assertEquals(rest, { level: "info", event: "evicted", code: 4002, reason: "slow" });
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

pure("a line for people has time, level, event and fields in that order", () => {
  const [[, line] = ["", ""]] = printed(() =>
    createLogger("info", "pretty").warn("evicted", { code: 4002, reason: "a b", of: undefined })
  );
  assertMatch(line, /^\d\d:\d\d:\d\d\.\d{3} WARN {2}evicted code=4002 reason="a b"$/);
});

pure("what others chose can neither forge a line nor reach the terminal", () => {
  const evil = 'x"\n12:00:00.000 ERROR forged\r\u001b[2J\u009b\u202e\u2028';
  for (const format of ["pretty", "json"] satisfies LogFormat[]) {
    const lines = printed(() => createLogger("info", format).info("name", { evil }));
    assertEquals(lines.length, 1);
    const line = lines[0]![1];
    assertEquals(/\p{Cc}|\p{Bidi_Control}|[\u2028\u2029]/u.test(line), false, line);
    if (format === "json") assertEquals(JSON.parse(line).evil, evil);
  }
});

pure("a field named like a part of the line does not replace it in JSON", () => {
  const [[, line] = ["", ""]] = printed(() =>
    createLogger("info", "json").info("real", { event: "forged", level: "error" })
  );
  assertEquals([JSON.parse(line).event, JSON.parse(line).level], ["real", "info"]);
});
