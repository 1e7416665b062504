// deno-lint-ignore-file no-console -- this is a program
/**
 * The chat server, a program: `deno run -NE jsr:@parley/chat/server` starts it, and `--help` lists
 * its flags. A chat in a program of your own is `createChat` of `./mount`.
 *
 * @module
 */

import { fstatSync } from "node:fs";
import config from "./deno.json" with { type: "json" };
import {
  ARCHIVE_COMMANDS,
  ARCHIVE_HELP,
  carryOut,
  takeArchiveOrder,
} from "./src/daemon/archive_command.ts";
import { type Certificate, loadCertificate } from "./src/daemon/certificate.ts";
import { describeSettings } from "./src/daemon/check.ts";
import { argumentsOf, takeConfigFlag } from "./src/daemon/flags/config_file.ts";
import { parseServerFlags, SERVER_HELP, VARIABLES } from "./src/daemon/flags/flags.ts";
import { chooseStore } from "./src/daemon/open_store.ts";
import {
  cannotListen,
  hostOf,
  OpenPort,
  type PortAddress,
  type PortEvents,
} from "./src/daemon/open_port.ts";
import { LINK_COMMAND, linkCommand } from "./src/daemon/link_command.ts";
import { openTokens } from "./src/daemon/open_tokens.ts";
import { prepareWebhooks } from "./src/daemon/open_webhooks.ts";
import {
  readSecret,
  reloadedPartsOf,
  RenewedTokens,
  type ServerStart,
} from "./src/daemon/start.ts";
import { Reloader } from "./src/daemon/reload.ts";
import { TOKEN_COMMAND, tokenCommand } from "./src/daemon/token_command.ts";
import { runTop, takeTopOrder, TOP_COMMAND, TOP_HELP } from "./src/daemon/top_command.ts";
import { Ended, RequestLimit } from "./src/daemon/requests.ts";
import { createOps, exportMetrics, type OpsOptions } from "./src/ops/ops.ts";
import { reasonOf } from "./src/protocol/errors.ts";
import { createChat } from "./src/server/chat.ts";
import { faultOf } from "./src/server/logging/faults.ts";
import { insideOf } from "./src/server/inside.ts";
import { createLogger } from "./src/server/logging/logger.ts";

// For programs that are older than `./mount`.
export * from "./src/server/chat.ts";

/** The time from a signal to the end of the process at the latest, in milliseconds: less than the 5 s that are promised. */
const EXIT_MS = 4_000;

/** The time that webhooks have at the end for what they were not sent yet, in milliseconds. */
const WEBHOOKS_MS = 1_000;

/** The time that the process waits at its end for whoever reads its log, in milliseconds. */
const FLUSH_MS = 250;

/** The least memory that is free and may stay with the process, in bytes. */
const KEPT_BYTES = 8 * 1_048_576;

/**
 * Makes the C library keep what was freed. By itself it hands the end of its heap back to the
 * kernel whenever 128 KiB there are free, which in a busy room is in every turn, and each turn
 * pays for fresh pages (measured: 7.5 instead of 8.7 M deliveries for each CPU-second, one sender
 * and 100 members). Once a block has been freed that had a mapping of its own, it keeps twice the size
 * of that block (mallopt(3), M_MMAP_THRESHOLD); a block that nobody writes to costs nothing.
 */
function keepFreedMemory(): void {
  new ArrayBuffer(KEPT_BYTES).transfer(0);
}

async function main(): Promise<void> {
  try {
    const variables = Object.fromEntries(VARIABLES.map((name) => [name, env(name)]));
    if (Deno.args[0] === TOKEN_COMMAND) {
      console.log(await tokenCommand(Deno.args.slice(1), Date.now()));
      return;
    }
    const [command = ""] = Deno.args;
    if (command === LINK_COMMAND) {
      console.log(await linkCommand(Deno.args.slice(1), Date.now(), Deno.stdin.readable));
      return;
    }
    if (command === TOP_COMMAND) {
      const order = takeTopOrder(Deno.args.slice(1));
      if (order === "help") console.log(TOP_HELP.trimEnd());
      else await runTop(order);
      return;
    }
    const archive = ARCHIVE_COMMANDS.includes(command) ? takeArchiveOrder(Deno.args) : undefined;
    if (archive === "help") {
      console.log(ARCHIVE_HELP.trimEnd());
      return;
    }
    const isCheck = command === "check";
    const flags = archive?.rest ?? (isCheck ? Deno.args.slice(1) : Deno.args);
    const { path, rest } = takeConfigFlag(flags);
    const read = async () => {
      const given = path === undefined
        ? []
        : argumentsOf(path, await Deno.readTextFile(path), rest, variables);
      return parseServerFlags([...given, ...rest], variables);
    };
    const settings = await read();
    if (settings === "help") console.log(SERVER_HELP.trimEnd());
    else if (settings === "version") console.log(config.version);
    else if (archive !== undefined) {
      console.error(await carryOut(archive.order, settings, (reason) => console.error(reason)));
    } else if (isCheck) console.log(describeSettings(settings).join("\n"));
    else {
      const { secretFile, apiTokenFile, store, engine, nats } = settings;
      if (secretFile !== undefined) {
        engine.secret = await readSecret("--secret-file", secretFile);
      }
      const apiToken = apiTokenFile === undefined
        ? undefined
        : await readSecret("--api-token-file", apiTokenFile);
      const logger = createLogger(settings.logLevel, settings.logFormat);
      const tokens = new RenewedTokens(await openTokens(settings.tokens, logger));
      const { anonymous = "deny" } = settings.tokens;
      const { authenticate } = tokens;
      if (authenticate !== undefined) Object.assign(engine, { authenticate, anonymous });
      const certificate = await loadCertificate(settings.certFile, settings.keyFile);
      const webhooks = await prepareWebhooks(settings.webhooks, logger, config.version);
      const openStore = await chooseStore(store, nats);
      run({ settings, read, openStore, logger, certificate, apiToken, tokens, webhooks });
    }
  } catch (error) {
    console.error(reasonOf(error));
    Deno.exit(error instanceof RangeError ? 2 : 1);
  }
}

function env(name: string): string | undefined {
  return Deno.permissions.querySync({ name: "env", variable: name }).state === "granted"
    ? Deno.env.get(name)
    : undefined;
}

function run(start: ServerStart): void {
  const { settings, logger, certificate, apiToken } = start;
  const { port, hostname, path, ops, engine } = settings;
  const { allowOrigins, frameAncestors, publicUrl } = settings;
  keepFreedMemory();
  const chat = createChat({
    ...engine,
    path,
    logger,
    store: start.openStore,
    allowOrigins,
    trustedProxies: settings.trustedProxies,
    exempt: settings.exempt,
    frameAncestors,
    rooms: settings.rooms,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
  const facts: OpsOptions & { apiToken?: string } = {
    version: config.version,
    store: settings.store.split(":", 1)[0]!,
    ...apiToken === undefined ? {} : { apiToken },
    mostReaders: engine.maxConnections,
    failed: (error: unknown) => logger.error("request failed", faultOf(error)),
  };
  exportMetrics(chat, facts);
  const webhooks = start.webhooks?.open(chat);
  const ports: OpenPort[] = [];
  const hasTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  let stopping = false;

  /** Listens on a place; where that cannot be, the program ends, unless the place `mayBeTaken`. */
  function listen(
    place: PortAddress,
    mayBeTaken: boolean,
    events: Pick<PortEvents, "handle" | "listening">,
  ) {
    const failed = (error: string) => logger.error("listening failed", { error });
    try {
      ports.push(new OpenPort(place, { ...events, failed, broken }));
    } catch (error) {
      if (!mayBeTaken || !(error instanceof Deno.errors.AddrInUse)) {
        console.error(cannotListen(place, error));
        Deno.exit(1);
      }
      logger.warn("no ops port", { error: cannotListen(place, error) });
    }
  }

  function broken(error: unknown): Response {
    if (!(error instanceof Ended)) logger.error("request failed", faultOf(error));
    return new Response("Internal error\n", { status: 500 });
  }

  async function stop(): Promise<void> {
    if (stopping) Deno.exit(130);
    stopping = true;
    // A peer that does not read can hold a shutdown up for ever.
    setTimeout(() => Deno.exit(0), EXIT_MS);
    await webhooks?.close(WEBHOOKS_MS);
    await chat.close();
    await Promise.all(ports.map((port) => port.stop()));
    await logger.flush(FLUSH_MS);
    Deno.exit(0);
  }

  /**
   * The terminal is gone. A server that has none reads its files again, and so does one whose output
   * goes to a file: whoever let it go there wants the server to outlive the terminal, or rotates logs
   * (nohup(1) has the signal ignored, which ends where somebody listens to it).
   */
  function hangUp(): void {
    if (stopping) return; // A shell that ends may say it twice, and is in no hurry.
    if (!hasTerminal || fstatSync(1).isFile()) reloader.reload();
    else stop();
  }

  // Early: the runtime can only listen again if a signal listener was there before it failed.
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGHUP", hangUp);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  for (const kind of ["error", "unhandledrejection"] as const) {
    globalThis.addEventListener(kind, (event) => {
      event.preventDefault();
      logger.error("unhandled", faultOf("reason" in event ? event.reason : event.error));
    });
  }

  const reloader = new Reloader(
    reloadedPartsOf(start, {
      allowOrigins: (origins) => insideOf(chat)!.allowOrigins(origins),
      sign: (secrets) => webhooks?.sign(secrets),
      useApiToken: (token) => facts.apiToken = token,
      async renew(certificate) {
        warnOfExpiry(certificate);
        await insideOf(chat)!.sendAllAway("The certificate is new: connect again");
        await ports[0]!.renew(certificate);
      },
    }),
    logger,
  );

  function warnOfExpiry({ expiresAt }: Certificate): void {
    if (expiresAt >= Date.now()) return;
    logger.warn("certificate expired", { at: new Date(expiresAt).toISOString() });
  }

  const requests = new RequestLimit();
  if (certificate !== undefined) warnOfExpiry(certificate);
  const s = certificate === undefined ? "" : "s";
  listen({ port, hostname, certificate }, false, {
    handle(request, info) {
      const { hostname, port } = info.remoteAddr;
      const refusal = requests.refusalOf(request, `${hostname} ${port}`, performance.now());
      return refusal ?? chat.fetch(request, info);
    },
    listening(address) {
      const where = `${hostOf(address)}${path === "/" ? "" : path}`;
      // All addresses of a machine together are none that a browser opens.
      const open = where.replace(/^(?:0\.0\.0\.0|\[::\])(?=:)/, "localhost");
      const page = publicUrl?.replace(/^ws/, "http") ?? `http${s}://${open}`;
      logger.say(
        `Parley ${config.version} listening on ws${s}://${where}\nTo chat, open ${page} in a browser`,
      );
    },
  });
  if (ops !== undefined) {
    listen(ops, ops.isDefault, {
      handle: createOps(chat, facts),
      listening: (address) => logger.debug("ops", { url: `http://${hostOf(address)}/` }),
    });
  }
}

if (import.meta.main) main();
