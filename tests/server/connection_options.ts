/**
 * The options that connections of the tests have in common.
 *
 * @module
 */

import { Metrics } from "../../src/core/state/metrics.ts";
import type { SocketLimits } from "../../src/core/state/options.ts";
import type {
  ConnectionEvents,
  ConnectionOptions,
} from "../../src/server/connections/connection.ts";

/** Options with these limits, for connections of which only these events count. */
export function connectionOptions(
  limits: SocketLimits,
  events: Partial<ConnectionEvents> = {},
): ConnectionOptions {
  return {
    events: { heard() {}, ended() {}, full() {}, ...events },
    limits,
    metrics: new Metrics(),
    rate: { perSecond: 10, burst: 20 },
  };
}
