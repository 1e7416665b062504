/**
 * Types for `@std/cli/parse-args`. Of the real ones they leave out what Parley does not
 * use: names with dots in them, and types for aliases, are `unknown` here.
 *
 * @module
 */

/** Leaves out names with a dot in them: the parser makes nested objects of those. */
type Flat<Name extends string> = Name extends `${string}.${string}` ? never
  : Name;

type OrFalse<Name, Negatable> = Name extends Negatable ? false : never;

/** The value that the arguments themselves can give for a name. */
type Given<Name, Boolean, String, Collect, Negatable> = Name extends String
  ? (Name extends Collect ? string[] : string) | OrFalse<Name, Negatable>
  : Name extends Boolean ? (Name extends Collect ? boolean[] : boolean)
  : Name extends Collect ? unknown[] | OrFalse<Name, Negatable>
  : unknown;

/** The result of {@linkcode parseArgs}. */
type Parsed<
  Boolean extends string,
  String extends string,
  Collect extends string,
  Negatable extends string,
  Default,
  DoubleDash,
> =
  & {
    [Name in Exclude<String, Collect | keyof Default>]?:
      | string
      | OrFalse<Name, Negatable>;
  }
  & {
    [Name in Exclude<Boolean | Collect, keyof Default>]: Given<
      Name,
      Boolean,
      String,
      Collect,
      Negatable
    >;
  }
  & {
    [Name in keyof Default]:
      | Default[Name]
      | Given<Name, Boolean, String, Collect, Negatable>;
  }
  & (true extends DoubleDash ? { "--": string[] } : Record<never, never>)
  & { _: (string | number)[] }
  & Record<string, unknown>;

/** Turns command-line arguments into an object. */
export function parseArgs<
  const Boolean extends string = never,
  const String extends string = never,
  const Collect extends string = never,
  const Negatable extends string = never,
  Default extends Record<string, unknown> = Record<never, never>,
  DoubleDash extends boolean = false,
>(
  args: readonly string[],
  options?: {
    /** Keeps apart what follows `--`. */
    "--"?: DoubleDash;
    alias?: Record<string, string | readonly string[]>;
    boolean?: boolean | Boolean | readonly Boolean[];
    default?: Default;
    /** Takes everything after the first positional argument as positional. */
    stopEarly?: boolean;
    string?: String | readonly String[];
    /** Names that may be given several times. */
    collect?: Collect | readonly Collect[];
    /** Names that `--no-<name>` sets to false. */
    negatable?: Negatable | readonly Negatable[];
    /** Called for what is not declared; returning false leaves it out. */
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  },
): Parsed<
  Flat<Boolean>,
  Flat<String>,
  Flat<Collect>,
  Negatable,
  Default,
  DoubleDash
>;
