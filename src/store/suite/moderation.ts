/**
 * The part of the suite about moderation, for stores whose rooms have a charter.
 *
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";
import type { StoredRoom } from "../../core/store/store.ts";
import type { Draft } from "../../protocol/frames.ts";
import { entriesOf, membersOf, type StoreBench } from "./bench.ts";
import { linkDraft, messageDraft, presenceDraft, roleDraft, useDraft } from "./drafts.ts";
import type { Declare, StoreTraits } from "./suite.ts";

/** The bodies and events of a room, in order; those of nothing where somebody was not allowed to write. */
function toldIn(room: StoredRoom): (string | undefined)[] {
  return entriesOf(room).map((entry) => entry.body ?? (entry as { event?: string }).event)
    .filter((told) => told !== "void");
}

/** Appends drafts one behind the other. Those of several clients get no order but that on a bus. */
async function appendAll(bench: StoreBench, drafts: readonly Draft[]): Promise<void> {
  if (bench.store.bus !== undefined) {
    for (const draft of drafts) await bench.append("a", draft);
    return;
  }
  const { length } = bench.reports;
  for (const draft of drafts) bench.store.append("a", draft);
  await bench.reported(length + drafts.length);
}

/** Makes a room of Ana's; undefined where the store has no roles. */
async function ownRoom({ store }: StoreBench): Promise<Required<StoredRoom> | undefined> {
  const room = await store.create("a", "Lobby", "ana");
  return room.charter === undefined ? undefined : room as Required<StoredRoom>;
}

/** Appends a draft, and returns the code with which it is refused; undefined where it is not. */
async function codeOf(bench: StoreBench, draft: Draft): Promise<string | undefined> {
  const report = await bench.append("a", draft);
  return report.type === "refused" ? report.error.code : undefined;
}

/** Declares tests of stores that judge drafts. */
export function testModeration(test: Declare, { durable }: StoreTraits): void {
  test("a new room belongs to its maker, and one without a maker to nobody", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    deepStrictEqual(room.charter?.roleOf("ana", 1), "owner");
    const again = await bench.store.create("a", "Lobby", "ben");
    deepStrictEqual(again.charter?.roleOf("ben", 1), undefined);
    deepStrictEqual((await bench.store.create("b", "Lobby")).charter?.roles(1), []);
  });

  test("a role that is given holds for the very next draft", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await appendAll(bench, [
      messageDraft("ben", 1, "before"),
      roleDraft("ana", "ben", "none"),
      messageDraft("ben", 2, "behind"),
      messageDraft("cid", 1, "other"),
      presenceDraft("join", "ben"),
      presenceDraft("leave", "cid"),
    ]);
    deepStrictEqual(toldIn(room).slice(0, 3), ["before", "role", "other"]);
    deepStrictEqual(membersOf(room), []);
    const refused = bench.reports.flatMap((report) =>
      report.type === "refused" && report.draft.n > 0 ? [[report.draft.n, report.error.code]] : []
    );
    deepStrictEqual(refused, [[2, "room_not_found"]]);
  });

  test("moderation is reported with its own draft and its place", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    const given = roleDraft("ana", "ben", "moderator");
    await bench.append("a", given);
    const { by: _, ...author } = given;
    const settings = { ...author, by: given.by, event: "room", slow_ms: 5, topic: "x" } as const;
    await bench.append("a", settings);
    const [first, second] = entriesOf(room);
    deepStrictEqual(bench.moderated.length, 2);
    ok(bench.moderated[0]![0] === given);
    deepStrictEqual(bench.moderated.map(([, seq]) => seq), [first!.seq, second!.seq]);
    deepStrictEqual(room.charter?.settings.slow_ms, 5);
    deepStrictEqual((second as { topic?: string }).topic, "x");
    ok(entriesOf(room).every((entry) => !("by" in entry)));
  });

  test("moderation of who may not moderate is refused, and changes nothing", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    const before = room.charter;
    deepStrictEqual(await codeOf(bench, roleDraft("ben", "cid", "none")), "forbidden");
    deepStrictEqual(await codeOf(bench, roleDraft("ana", "ana", "none")), "forbidden");
    deepStrictEqual([room.log.head, room.charter], [0, before]);
  });

  test("a message that a role forbids has not used its number, and none behind it is taken", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await bench.append("a", messageDraft("ben", 1));
    await bench.append("a", roleDraft("ana", "ben", "reader"));
    const from = bench.reports.length;
    await appendAll(bench, [2, 3, 2].map((n) => messageDraft("ben", n)));
    deepStrictEqual(
      bench.reports.slice(from).map((report) => report.type === "refused" && report.error.code),
      ["forbidden", "out_of_order", "forbidden"],
    );
    await bench.append("a", roleDraft("ana", "ben", "member"));
    deepStrictEqual(await codeOf(bench, messageDraft("ben", 2, "again")), undefined);
    deepStrictEqual(toldIn(room), ["x", "role", "role", "again"]);
  });

  test("roles outlast the entries that gave them", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await bench.append("a", roleDraft("ana", "ben", "reader"));
    for (let n = 1; n <= 5; n++) await bench.append("a", messageDraft("ana", n));
    deepStrictEqual(room.charter?.roleOf("ben", 1), "reader");
    deepStrictEqual(await codeOf(bench, messageDraft("ben", 1)), "forbidden");
  }, { logEntries: 2 });

  test("a link lets in as many as it was made for, and ends for all", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await bench.append("a", linkDraft("ana", "k3", "moderator", 2));
    await appendAll(bench, ["ben", "cid", "dan"].map((who) => useDraft(who, "k3", { c1: 2 })));
    const roles = () => ["ben", "cid", "dan"].map((who) => room.charter!.links.roleOf(who, 1));
    deepStrictEqual(roles().filter((role) => role === "moderator").length, 2);
    deepStrictEqual(
      bench.reports.flatMap((report) => report.type === "refused" ? report.error.code : []),
      ["link_used_up"],
    );
    const { by, at, from, n, name } = roleDraft("ana", "ben", "none");
    await bench.append("a", { by, at, from, n, name, event: "unlink", id: "k3" });
    deepStrictEqual(roles(), [undefined, undefined, undefined]);
    deepStrictEqual(await codeOf(bench, useDraft("eve", "k3", {})), "link_ended");
    deepStrictEqual(await codeOf(bench, linkDraft("eve", "k4", "reader")), "forbidden");
    deepStrictEqual(toldIn(room), ["link", "use", "use", "unlink"]);
  });

  if (!durable) return;
  test("links and their uses outlast the store", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await bench.append("a", linkDraft("ana", "k3", "moderator", 1));
    await bench.append("a", useDraft("ben", "k3", { c1: 1 }));
    for (let n = 1; n <= 3; n++) await bench.append("a", messageDraft("ana", n));
    await bench.reopen();
    const again = await bench.store.open("a");
    deepStrictEqual(again?.charter?.toJSON(), room.charter!.toJSON());
    deepStrictEqual(again?.charter?.links.roleOf("ben", 1), "moderator");
    deepStrictEqual(await codeOf(bench, useDraft("cid", "k3", { c1: 1 })), "link_used_up");
  }, { logEntries: 3 });

  test("roles and settings outlast the store", async (bench) => {
    const room = await ownRoom(bench);
    if (room === undefined) return;
    await bench.append("a", roleDraft("ana", "ben", "none"));
    const { by, at, from, n, name } = roleDraft("ana", "ben", "none");
    await bench.append("a", { by, at, from, n, name, event: "room", default: "reader" });
    for (let n = 1; n <= 3; n++) await bench.append("a", messageDraft("ana", n));
    await bench.reopen();
    const again = await bench.store.open("a");
    deepStrictEqual(again?.charter?.toJSON(), room.charter?.toJSON());
    deepStrictEqual(await codeOf(bench, messageDraft("ben", 1)), "room_not_found");
    deepStrictEqual(await codeOf(bench, messageDraft("cid", 1)), "forbidden");
  }, { logEntries: 3 });
}
