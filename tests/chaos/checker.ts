/**
 * Judges what subscribers saw against what publishers said: every message is
 * delivered, lost, told to be missing, a duplicate, reordered, a phantom or
 * indeterminate, and every jump in the log is silent or not.
 *
 * @module
 */

/** The fate of a message, as its publisher knows it. */
export type Outcome =
  /** Nothing was heard, or that it may be stored: it may appear once or not at all. */
  | { type: "unknown" }
  /** It is in the log of that epoch at `seq`. */
  | { type: "acked"; epoch: string; seq: number }
  /** It is certainly not stored. */
  | { type: "refused" };

/** One thing a subscriber saw, in the order it saw them. */
export type Seen =
  /** From here on it sees the log of `epoch` behind `after`; again where the server said that something is missing. */
  | { type: "start"; epoch: string; after: number }
  /** An entry of the log; `id` where it is a message. */
  | { type: "entry"; seq: number; id?: string }
  /** It was told that these entries will never come. */
  | { type: "gap"; from: number; to: number };

/** Everything that happened: messages by id, subscribers by name. */
export interface History {
  messages: Map<string, Outcome>;
  subscribers: Map<string, readonly Seen[]>;
  /** The `seq` of entries that clients make no event of. */
  unseen?: ReadonlySet<number>;
}

/** The counts over all subscribers, but for `messages`, `acked` and `indeterminate`, which count messages. */
export interface Verdict {
  messages: number;
  acked: number;
  /** Messages of unknown outcome; they may appear or not. */
  indeterminate: number;
  subscribers: number;
  delivered: number;
  /** Acknowledged, absent, and nobody said so. */
  lost: number;
  /** Acknowledged and absent, inside a gap or a lost past that the subscriber was told of. */
  told: number;
  duplicate: number;
  /** A `seq` that does not grow, or one that is another message for somebody else. */
  reordered: number;
  /** Never said, or refused for certain, and there all the same. */
  phantom: number;
  /** Acknowledged with another place than it has. */
  misplaced: number;
  /** Jumps in the log that nobody spoke of. */
  silentGaps: number;
  /** The first few findings in words. */
  findings: string[];
}

/** An uninterrupted look at one log. */
interface Stretch {
  epoch: string;
  after: number;
  upTo: number;
  gaps: { from: number; to: number }[];
}

const MOST_FINDINGS = 10;

/** Judges a history. Logs must have no holes: each `seq` is one more than the last. */
export function check({ messages, subscribers, unseen }: History): Verdict {
  const outcomes = [...messages.values()];
  const verdict: Verdict = {
    messages: messages.size,
    acked: outcomes.filter(({ type }) => type === "acked").length,
    indeterminate: outcomes.filter(({ type }) => type === "unknown").length,
    subscribers: subscribers.size,
    delivered: 0,
    lost: 0,
    told: 0,
    duplicate: 0,
    reordered: 0,
    phantom: 0,
    misplaced: 0,
    silentGaps: 0,
    findings: [],
  };
  const places = new Map<string, string>();
  for (const [name, seen] of subscribers) checkSubscriber(name, seen);
  return verdict;

  function find(
    kind: "lost" | "told" | "duplicate" | "reordered" | "phantom" | "misplaced" | "silentGaps",
    what: string,
  ): void {
    verdict[kind]++;
    if (verdict.findings.length < MOST_FINDINGS) verdict.findings.push(`${kind}: ${what}`);
  }

  function checkSubscriber(name: string, seen: readonly Seen[]): void {
    const ids = new Set<string>();
    const stretches: Stretch[] = [];
    for (const event of seen) {
      const stretch = stretches.at(-1);
      if (event.type === "start") {
        stretches.push({ epoch: event.epoch, after: event.after, upTo: event.after, gaps: [] });
      } else if (stretch === undefined) {
        throw new RangeError(`Subscriber ${name} saw something before its start`);
      } else if (event.type === "gap") {
        if (event.from > stretch.upTo + 1) find("silentGaps", `${name} at ${stretch.upTo}`);
        stretch.gaps.push(event);
        stretch.upTo = Math.max(stretch.upTo, event.to);
      } else {
        checkEntry(name, event, stretch, ids);
      }
    }
    checkMissing(name, ids, stretches);
  }

  function checkEntry(
    name: string,
    { seq, id }: Extract<Seen, { type: "entry" }>,
    stretch: Stretch,
    ids: Set<string>,
  ): void {
    const where = `${name} at ${seq}`;
    let last = stretch.upTo;
    while (unseen?.has(last + 1)) last++;
    if (seq > last + 1) find("silentGaps", `${where} after ${stretch.upTo}`);
    const again = id !== undefined && ids.has(id);
    if (again) find("duplicate", `${where}: ${id}`);
    else if (seq <= stretch.upTo) find("reordered", `${where} after ${stretch.upTo}`);
    stretch.upTo = Math.max(stretch.upTo, seq);
    if (id === undefined || again) return;
    ids.add(id);
    const place = `${stretch.epoch}:${seq}`;
    const other = places.get(place) ?? id;
    places.set(place, other);
    if (other !== id) find("reordered", `${where}: ${id}, and ${other} for somebody else`);
    const outcome = messages.get(id);
    if (outcome === undefined || outcome.type === "refused") {
      find(
        "phantom",
        `${where}: ${id} ${outcome === undefined ? "was never said" : "was refused"}`,
      );
      return;
    }
    verdict.delivered++;
    if (outcome.type === "acked" && `${outcome.epoch}:${outcome.seq}` !== place) {
      find("misplaced", `${where}: ${id} was acknowledged at ${outcome.epoch}:${outcome.seq}`);
    }
  }

  function checkMissing(name: string, ids: Set<string>, stretches: Stretch[]): void {
    for (const [id, outcome] of messages) {
      if (outcome.type !== "acked" || ids.has(id)) continue;
      const fate = fateOf(outcome.epoch, outcome.seq, stretches);
      if (fate === "before") continue;
      find(fate, `${name} lacks ${id} at ${outcome.epoch}:${outcome.seq}`);
    }
  }
}

/** Why a subscriber has no message at a place: it came later, was told so, or lost it. */
function fateOf(epoch: string, seq: number, stretches: Stretch[]): "before" | "told" | "lost" {
  const here = stretches.filter((stretch) => stretch.epoch === epoch);
  const first = here[0];
  if (first === undefined) return stretches.length > 1 ? "told" : "lost";
  if (seq <= first.after) return "before";
  const within = here.findLast(({ after }) => seq > after);
  if (within === undefined) return "before";
  if (within.gaps.some(({ from, to }) => seq >= from && seq <= to)) return "told";
  // Behind the last entry of a stretch that ended with a word of warning.
  if (seq > within.upTo && within !== stretches.at(-1)) return "told";
  return "lost";
}

/** Throws unless nothing is wrong; `told` too must be 0 unless `toldIsFine`. */
export function assertClean(verdict: Verdict, { toldIsFine = false } = {}): void {
  const { lost, duplicate, reordered, phantom, misplaced, silentGaps, told } = verdict;
  const wrong = lost + duplicate + reordered + phantom + misplaced + silentGaps +
    (toldIsFine ? 0 : told);
  if (wrong > 0) throw new Error(`The history is not clean: ${JSON.stringify(verdict, null, 1)}`);
}
