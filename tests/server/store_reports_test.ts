import { assertEquals } from "@std/assert";
import type { StoreEvents } from "../../src/core/store/store.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { guardedReports, type ReportsSetting } from "../../src/server/store_reports.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";
import { pure } from "../support/pure.ts";

/** Reports that are heard here, and what comes of them: what was heard, and what failed. */
function bench(setting: Partial<ReportsSetting> = {}) {
  const heard: unknown[][] = [];
  const failed: string[] = [];
  const note = (name: string) => (...args: unknown[]) => void heard.push([name, ...args]);
  const reports = guardedReports({
    stored: note("stored"),
    moderated: note("moderated"),
    repeated: note("repeated"),
    refused: note("refused"),
    failing: note("failing"),
    troubled: note("troubled"),
    relayed: note("relayed"),
    orphaned: note("orphaned"),
    taken: note("taken"),
    read: note("read"),
    revoked: note("revoked"),
    gone: note("gone"),
  }, {
    hasEnded: () => false,
    hasBus: () => true,
    failed: (report) => failed.push(report),
    ...setting,
  });
  return { heard, failed, reports };
}

const DRAFT = messageDraft("ana", 1);
const ERROR = new ChatError("unavailable", "Not now");
const TYPING = '{"event":"typing","room_id":"a","from":"ana"}';

/** One of each report, as a store that does right makes it. */
const RIGHT: [keyof StoreEvents, unknown[]][] = [
  ["stored", ["a"]],
  ["repeated", [DRAFT, 7, true]],
  ["refused", [DRAFT, ERROR, true]],
  ["failing", ["full"]],
  ["failing", [undefined]],
  ["troubled", ["slow"]],
  ["relayed", ["a", TYPING]],
  ["orphaned", ["a", ["ana"]]],
  ["taken", ["ana", "a", true]],
  ["read", ["ana", "a", { epoch: "e", seq: 7 }]],
  ["revoked", ["ana", 1_800_000_000_000]],
  ["gone", ["a", "lost"]],
];

function make(reports: StoreEvents): void {
  for (const [name, args] of RIGHT) Reflect.apply(reports[name], undefined, args);
}

pure("guardedReports() hands on what a store that does right reports", () => {
  const { heard, failed, reports } = bench();
  make(reports);
  assertEquals([heard, failed], [RIGHT.map(([name, args]) => [name, ...args]), []]);
});

pure("guardedReports() hears nothing once all has ended", () => {
  const { heard, failed, reports } = bench({ hasEnded: () => true });
  make(reports);
  assertEquals([heard, failed], [[], []]);
});

pure(
  "guardedReports() takes from a store without a bus nothing that only others can have said",
  () => {
    const { heard, failed, reports } = bench({ hasBus: () => false });
    make(reports);
    assertEquals([heard.length, failed], [RIGHT.length - 4, [
      "relayed",
      "taken",
      "read",
      "revoked",
    ]]);
  },
);

pure("guardedReports() relays nothing but that somebody types in that room", () => {
  const { heard, failed, reports } = bench();
  const others = ['{"event":"typing","room_id":"b"}', '{"event":"goodbye","room_id":"a"}', "{"];
  for (const text of others) reports.relayed("a", text);
  assertEquals([heard, failed], [[], others.map(() => "relayed")]);
});

pure("guardedReports() says in words whatever a store says is wrong", () => {
  const { heard, reports } = bench();
  reports.failing(new Error("full") as never);
  reports.troubled(7 as never);
  assertEquals(heard, [["failing", "full"], ["troubled", "7"]]);
});
