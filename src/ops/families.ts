/**
 * The numbers of a server by the names that operators see. Those that only grow end in `_total`;
 * times are in seconds, and lengths in bytes.
 *
 * @module
 */

import type { Counts, Gauges, Histogram, Metrics } from "../core/state/metrics.ts";

/** The resources of a process. */
export interface Usage {
  /** Processor time, in seconds. */
  readonly cpuSeconds: number;
  /** Resident memory, in bytes. */
  readonly residentBytes: number;
  /** When it was started, in seconds since 1970. */
  readonly startedAt: number;
}

/** Everything that is read at one moment. */
export interface MetricsReading {
  readonly metrics: Metrics;
  readonly gauges: Gauges;
  readonly usage: Usage;
  /** Facts about this server, as labels. */
  readonly build: Readonly<Record<"version" | "deno" | "store", string>>;
}

/** One number of a family. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Numbers that have a name in common. */
export type Family =
  & {
    /** The name, without the ending `_total` of a counter. */
    readonly name: string;
    /** A sentence about it. */
    readonly help: string;
    /** The unit, where it has one: then the name ends in it. */
    readonly unit?: "bytes" | "seconds";
  }
  & (
    | { readonly type: "counter" | "gauge" | "info"; read(reading: MetricsReading): Sample[] }
    | { readonly type: "histogram"; read(reading: MetricsReading): Histogram }
  );

function counter(
  name: string,
  help: string,
  read: (reading: MetricsReading) => Sample[] | number,
  unit?: "bytes" | "seconds",
): Family {
  return single("counter", name, help, read, unit);
}

function gauge(
  name: string,
  help: string,
  read: (reading: MetricsReading) => Sample[] | number | undefined,
  unit?: "bytes" | "seconds",
): Family {
  return single("gauge", name, help, read, unit);
}

function single(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (reading: MetricsReading) => Sample[] | number | undefined,
  unit?: "bytes" | "seconds",
): Family {
  return {
    type,
    name,
    help,
    ...(unit === undefined ? {} : { unit }),
    read: (reading) => {
      const samples = read(reading);
      if (typeof samples === "number") return [{ value: samples }];
      return samples ?? [];
    },
  };
}

function histogram(name: string, help: string, read: (metrics: Metrics) => Histogram): Family {
  const unit = "seconds";
  return { type: "histogram", name, help, unit, read: ({ metrics }) => read(metrics) };
}

/** The numbers of a table, each with its name as a label. */
function by(label: string, counts: Counts): Sample[] {
  return Object.entries(counts).map(([name, value = 0]) => ({ labels: { [label]: name }, value }));
}

/** All families, in their order. */
export const FAMILIES: readonly Family[] = [
  {
    type: "info",
    name: "parley_build",
    help: "Versions of this server and its runtime, and its kind of store.",
    read: ({ build }) => [{ labels: build, value: 1 }],
  },
  gauge(
    "parley_connections",
    "Connections that are open, by protocol.",
    ({ metrics }) => by("protocol", metrics.connections),
  ),
  counter(
    "parley_connections_opened",
    "Connections that were opened, by protocol.",
    ({ metrics }) => by("protocol", metrics.opened),
  ),
  counter(
    "parley_connections_closed",
    "Connections that have ended, by close code.",
    ({ metrics }) => by("code", metrics.closed),
  ),
  counter(
    "parley_connections_refused",
    "Requests for a WebSocket that were refused, by reason.",
    ({ metrics }) => by("reason", metrics.refused),
  ),
  gauge(
    "parley_clients_away",
    "Clients without a connection that may come back.",
    ({ gauges }) => gauges.clientsAway,
  ),
  gauge("parley_rooms", "Rooms that are open.", ({ gauges }) => gauges.rooms),
  gauge(
    "parley_members",
    "Places in open rooms: one for each client in each of its rooms.",
    ({ gauges }) => gauges.members,
  ),
  counter(
    "parley_frames_received",
    "Frames that came in.",
    ({ metrics }) => metrics.framesReceived,
  ),
  counter("parley_frames_sent", "Frames that went out.", ({ metrics }) => metrics.framesSent),
  counter(
    "parley_received_bytes",
    "Length of the frames that came in, without their headers.",
    ({ metrics }) => metrics.bytesReceived,
    "bytes",
  ),
  counter(
    "parley_sent_bytes",
    "Length of the frames that went out, without their headers.",
    ({ metrics }) => metrics.bytesSent,
    "bytes",
  ),
  counter(
    "parley_requests",
    "Requests that could be read, by action.",
    ({ metrics }) => by("action", metrics.requests),
  ),
  counter(
    "parley_errors",
    "Refusals that clients were sent, by code.",
    ({ metrics }) => by("code", metrics.errors),
  ),
  counter(
    "parley_auth",
    "Tokens that were looked at, and people without one, by what came of it.",
    ({ metrics }) => by("result", metrics.auth),
  ),
  counter(
    "parley_entries",
    "Entries that this server has stored, by kind.",
    ({ metrics: { appended, rejected } }) =>
      Object.entries(appended).map(([kind, value = 0]) => ({
        labels: { kind },
        value: value - (rejected[kind as keyof typeof rejected] ?? 0),
      })),
  ),
  counter(
    "parley_deliveries",
    "Entries that were sent to members, each once for each member.",
    ({ metrics }) => metrics.deliveries,
  ),
  counter(
    "parley_repeats",
    "Messages that came again, and were not stored again.",
    ({ metrics }) => metrics.repeats,
  ),
  counter(
    "parley_resumes",
    "Clients that came back with a session, by whether it was known.",
    ({ metrics }) => by("result", metrics.resumes),
  ),
  counter(
    "parley_recoveries",
    "Rooms that were joined from a cursor, by whether nothing was missing behind it.",
    ({ metrics }) => by("recovered", metrics.recoveries),
  ),
  counter("parley_gaps", "Gaps that members were told of.", ({ metrics }) => metrics.gaps),
  counter(
    "parley_gap_entries",
    "Entries in these gaps, as far as their numbers say.",
    ({ metrics }) => metrics.gapEntries,
  ),
  histogram(
    "parley_append_duration_seconds",
    "Time until the store had a message, of one in ten milliseconds at most.",
    ({ appendDuration }) => appendDuration,
  ),
  histogram(
    "parley_delivery_delay_seconds",
    "Time from a frame that says something until it is written to a member, for each member.",
    ({ deliveryDelay }) => deliveryDelay,
  ),
  histogram(
    "parley_receive_lag_seconds",
    "Time until a silent client answered a ping, behind all that it was sent before.",
    ({ receiveLag }) => receiveLag,
  ),
  histogram(
    "parley_event_loop_delay_seconds",
    "Time that the event loop was late, looked at twice a second.",
    ({ eventLoopDelay }) => eventLoopDelay,
  ),
  gauge("parley_store_up", "1 while entries can be stored.", ({ gauges }) => +gauges.storeUp),
  gauge(
    "parley_store_pending",
    "Entries and other changes that wait to be stored, where the store counts them.",
    ({ gauges }) => gauges.pending,
  ),
  counter(
    "parley_webhook_requests",
    "Requests to webhooks, by what became of them.",
    ({ metrics }) => by("result", metrics.webhooks.requests),
  ),
  counter(
    "parley_webhook_entries",
    "Entries that webhooks have taken.",
    ({ metrics }) => metrics.webhooks.entries,
  ),
  counter(
    "parley_webhook_missed_entries",
    "Entries that were gone before a webhook took them, as far as their numbers say.",
    ({ metrics }) => metrics.webhooks.missed,
  ),
  gauge(
    "parley_webhook_rooms_behind",
    "Rooms with something that a webhook has not taken, of the one that is the farthest behind.",
    ({ metrics }) => Math.max(0, ...metrics.webhooks.behind.values()),
  ),
  gauge(
    "parley_webhook_wait_seconds",
    "The wait before a webhook that fails is tried again, of the longest one.",
    ({ metrics }) => Math.max(0, ...metrics.webhooks.waitSeconds.values()),
    "seconds",
  ),
  counter(
    "process_cpu_seconds",
    "Processor time that the process has used.",
    ({ usage }) => usage.cpuSeconds,
    "seconds",
  ),
  gauge(
    "process_resident_memory_bytes",
    "Resident memory of the process.",
    ({ usage }) => usage.residentBytes,
    "bytes",
  ),
  gauge(
    "process_start_time_seconds",
    "Time when the process was started, since 1970.",
    ({ usage }) => usage.startedAt,
    "seconds",
  ),
];
