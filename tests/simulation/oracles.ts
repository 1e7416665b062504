/**
 * Oracles, which say what must be so in every simulated world. To add one, write it in a file of its own, and
 * add it to {@linkcode ORACLES}.
 *
 * @module
 */

import type { Oracle } from "./oracle.ts";
import { acknowledgedIsStored } from "./oracles/acknowledged_is_stored.ts";
import { boundsHold } from "./oracles/bounds_hold.ts";
import { calmIsCalm } from "./oracles/calm_is_calm.ts";
import { emptyWorldsHaveNoRooms } from "./oracles/empty_worlds_have_no_rooms.ts";
import { endedHoldsNothing } from "./oracles/ended_holds_nothing.ts";
import { linksAreCounted } from "./oracles/links_are_counted.ts";
import { markersOnlyGrow } from "./oracles/markers_only_grow.ts";
import { membersAreLogged } from "./oracles/members_are_logged.ts";
import { movesAreNoDepartures } from "./oracles/moves_are_no_departures.ts";
import { nobodyIsSentAway } from "./oracles/nobody_is_sent_away.ts";
import { nobodyWaitsLonger } from "./oracles/nobody_waits_longer.ts";
import { nothingFails } from "./oracles/nothing_fails.ts";
import { nothingFlickers } from "./oracles/nothing_flickers.ts";
import { pagesAreTheLog } from "./oracles/pages_are_the_log.ts";
import { placesAreKept } from "./oracles/places_are_kept.ts";
import { plainClientsMissNothing } from "./oracles/plain_clients_miss_nothing.ts";
import { readersMissNothing } from "./oracles/readers_miss_nothing.ts";
import { refusedIsAbsent } from "./oracles/refused_is_absent.ts";
import { saidInCalmIsStored } from "./oracles/said_in_calm_is_stored.ts";
import { statesAreLogged } from "./oracles/states_are_logged.ts";
import { storedOnce } from "./oracles/stored_once.ts";
import { whoMayNotDoesNot } from "./oracles/who_may_not_does_not.ts";

/** All oracles; each is made anew for each world. */
export const ORACLES: Readonly<Record<string, () => Oracle>> = {
  acknowledgedIsStored,
  refusedIsAbsent,
  storedOnce,
  readersMissNothing,
  pagesAreTheLog,
  statesAreLogged,
  markersOnlyGrow,
  whoMayNotDoesNot,
  linksAreCounted,
  plainClientsMissNothing,
  membersAreLogged,
  calmIsCalm,
  saidInCalmIsStored,
  nothingFlickers,
  placesAreKept,
  movesAreNoDepartures,
  nobodyIsSentAway,
  nobodyWaitsLonger,
  boundsHold,
  nothingFails,
  endedHoldsNothing,
  emptyWorldsHaveNoRooms,
};
