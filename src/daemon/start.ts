/**
 * All that a server is started with, and what of it is read again while it runs.
 *
 * @module
 */

import type { Authenticate } from "../core/authority/authenticate.ts";
import type { OpenStore } from "../core/store/store.ts";
import { checkedSecret } from "../server/chat_options.ts";
import type { LineLogger } from "../server/logging/logger.ts";
import type { WebhookSecret } from "../webhooks/signature.ts";
import { type Certificate, loadCertificate } from "./certificate.ts";
import type { ServerSettings } from "./flags/flags.ts";
import { openTokens } from "./open_tokens.ts";
import { type PreparedWebhooks, readWebhookSecrets } from "./open_webhooks.ts";
import { type ReloadedPart, reloadedPart } from "./reload.ts";

/** All that a server is started with. */
export interface ServerStart {
  readonly settings: ServerSettings;
  /** Reads the settings again. */
  read(): Promise<ServerSettings | "help" | "version">;
  readonly openStore: OpenStore;
  readonly logger: LineLogger;
  readonly certificate: Certificate | undefined;
  readonly apiToken: string | undefined;
  readonly tokens: RenewedTokens;
  readonly webhooks: PreparedWebhooks | undefined;
}

/** Uses of what was read again. */
export interface ReloadedUses {
  allowOrigins(origins: readonly string[]): void;
  useApiToken(token: string): void;
  sign(secrets: readonly WebhookSecret[]): void;
  renew(certificate: Certificate): Promise<void>;
}

/** A check of tokens whose keys may be exchanged while the server runs. */
export class RenewedTokens {
  /** Checks the tokens of people; undefined where nobody has one. */
  readonly authenticate: Authenticate | undefined;
  #current: Authenticate | undefined;

  /** Begins with a check, or with none for good. */
  constructor(first: Authenticate | undefined) {
    this.#current = first;
    this.authenticate = first && ((request, token) => this.#current!(request, token));
  }

  /** Uses another check from now on. */
  renew(next: Authenticate | undefined): void {
    this.#current = next ?? this.#current;
  }
}

/**
 * Reads a secret from a file.
 *
 * @throws {RangeError} where it could be guessed. It is not shown.
 */
export async function readSecret(flag: string, path: string): Promise<string> {
  return checkedSecret(flag, await Deno.readTextFile(path));
}

/** The parts of a server that are read again at SIGHUP, as far as it has them. */
export function reloadedPartsOf(start: ServerStart, uses: ReloadedUses): ReloadedPart[] {
  const { settings, certificate, apiToken, tokens, logger } = start;
  const { allowOrigins, apiTokenFile, certFile, keyFile } = settings;
  const parts = [
    reloadedPart("origins", allowOrigins, async () => {
      const read = await start.read();
      return typeof read === "string" ? allowOrigins : read.allowOrigins;
    }, (origins) => uses.allowOrigins(origins)),
  ];
  // The keys of an address are fetched anew every five minutes, and kept while they cannot be had.
  const hasFile = tokens.authenticate !== undefined &&
    !settings.tokens.jwks?.startsWith("https:");
  if (hasFile) {
    parts.push({
      name: "keys of tokens",
      async reload() {
        tokens.renew(await openTokens(settings.tokens, logger));
        return true;
      },
    });
  }
  if (apiTokenFile !== undefined) {
    const read = () => readSecret("--api-token-file", apiTokenFile);
    parts.push(reloadedPart("API token", apiToken ?? "", read, (token) => uses.useApiToken(token)));
  }
  const { secretFile } = settings.webhooks;
  if (secretFile !== undefined) {
    const first = [...start.webhooks?.secrets ?? []];
    const read = () => readWebhookSecrets(secretFile);
    parts.push(reloadedPart("secret of webhooks", first, read, (secrets) => uses.sign(secrets)));
  }
  if (certificate !== undefined) {
    const read = async () => await loadCertificate(certFile, keyFile) ?? certificate;
    parts.push(reloadedPart("certificate", certificate, read, (next) => uses.renew(next)));
  }
  return parts;
}
