/**
 * A room, the pump that serves it, and who is in it, for tests of the pump.
 *
 * @module
 */

import { Log } from "../../src/core/log/log.ts";
import { Metrics } from "../../src/core/state/metrics.ts";
import { rateOf, TokenBucket } from "../../src/core/limits/rate_limit.ts";
import { type Member, type Outlet, Room } from "../../src/core/state/room.ts";
import { Session } from "../../src/core/state/sessions.ts";
import { encodeEntry } from "../../src/protocol/encode.ts";
import { Roster } from "../../src/protocol/roster.ts";
import { Clock } from "../../src/server/connections/clock.ts";
import { Connection } from "../../src/server/connections/connection.ts";
import { Pump } from "../../src/server/connections/pump.ts";
import { messageDraft } from "../../src/store/suite/drafts.ts";

/** A room with a log of at most `logEntries`, a pump, and what the pump has reported. */
export function bench(logEntries = 1_000) {
  const log = new Log("e", { logEntries, logBytes: 10_000_000 });
  const room = new Room({ id: "id", name: "Lobby", log, roster: new Roster() }, 0);
  const overruns: Outlet[] = [];
  const failures: unknown[] = [];
  const time = { ms: 0 };
  const metrics = new Metrics();
  const pump = new Pump(
    {
      overrun: (outlet) => overruns.push(outlet),
      failed: (_, error) => failures.push(error),
    },
    new Clock(),
    metrics,
    () => time.ms,
  );
  return {
    room,
    pump,
    /** The time, which stands still: how much goes out in a turn depends on how long turns take. */
    time,
    /** The numbers that the pump counts in. */
    metrics,
    overruns,
    failures,
    /** Says something as `from`. */
    say(body: string, from = "ana"): void {
      const seq = room.log.head + 1;
      room.log.push(seq, encodeEntry(seq, messageDraft(from, 1, body)));
      pump.mark(room);
    },
    member(id: string, outlet: Outlet): Member {
      const session = new Session({ id, name: undefined, n: 0 }, new TokenBucket(rateOf(0), 0));
      const member = room.add(session);
      session.rooms.add(member);
      room.enter(member, outlet, 0);
      if (outlet instanceof Connection) outlet.session = session;
      return member;
    },
  };
}

/** The places of the entries in a frame. */
export function seqs(text: string): number[] {
  return JSON.parse(text).entries.map(({ seq }: { seq: number }) => seq);
}
