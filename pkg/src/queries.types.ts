/** What queries look like to TypeScript, with the `Database` types that supabase generates. */

/** One table or view, as generated. */
export interface TableTypes {
  Row: Record<string, unknown>;
  Insert?: Record<string, unknown>;
  Update?: Record<string, unknown>;
}

/** One schema, as generated. */
export interface SchemaTypes {
  Tables: Record<string, TableTypes>;
  Views?: Record<string, TableTypes>;
  Functions?: Record<string, { Args: unknown; Returns: unknown }>;
}

/**
 * What is known of a database without generated types: nothing but that rows are objects.
 *
 * @example
 * ```ts
 * import type { Queries, UnknownDatabase } from "seawall";
 *
 * const queries: Queries<UnknownDatabase> = guard;
 * ```
 */
export interface UnknownDatabase {
  public: SchemaTypes;
}

/**
 * Where queries begin: `guard.from`, `guard.rpc`.
 *
 * @example
 * ```ts
 * import { createGuard } from "seawall";
 *
 * const guard = createGuard({ url: "https://project.supabase.co", key });
 * const { data, error } = await guard.from("rooms").select("id,name").eq("id", 1).single();
 * ```
 */
export interface Queries<Database, Name extends keyof Database = "public" extends keyof Database ? "public" : keyof Database> {
  /** Begins a query on a table or view. */
  from<Table extends RelationName<Database[Name]>>(table: Table): Relation<Relations<Database[Name]>[Table]>;
  /** Calls a function of the database. */
  rpc<Function extends string & keyof Functions<Database[Name]>>(
    name: Function,
    args?: ArgsOf<Functions<Database[Name]>[Function]>,
    options?: RpcOptions,
  ): Query<ReturnsOf<Functions<Database[Name]>[Function]>>;
  /** The same for another schema. */
  schema<Other extends string & keyof Database>(name: Other): Queries<Database, Other>;
  /** The same with the generated types of a database; costs nothing when it runs. */
  typed<Generated>(): Queries<Generated>;
}

type Relations<Schema> = Schema extends { Tables: infer Tables; Views: infer Views }
  ? Tables & Views
  : Schema extends { Tables: infer Tables }
    ? Tables
    : never;
type RelationName<Schema> = string & keyof Relations<Schema>;
type Functions<Schema> = Schema extends { Functions: infer Known } ? Known : Record<string, { Args: unknown; Returns: unknown }>;
type ArgsOf<Known> = Known extends { Args: infer Args } ? Args : never;
type ReturnsOf<Known> = Known extends { Returns: infer Returns } ? Returns : never;
type RowOf<Table> = Table extends { Row: infer Row } ? Row : never;
type InsertOf<Table> = Table extends { Insert: infer Insert } ? Insert : Partial<RowOf<Table>>;
type UpdateOf<Table> = Table extends { Update: infer Update } ? Update : Partial<RowOf<Table>>;

/** The rows of a select: all columns, some by name; where it embeds, renames or casts, say what comes: `select<T>(…)`. */
type Selected<Row, Columns extends string> = Columns extends "*"
  ? Row
  : Named<Row, Columns> extends infer Names
    ? [Names] extends [keyof Row]
      ? Pick<Row, Names>
      : Record<string, unknown>
    : never;
type Named<Row, Columns extends string> = Columns extends `${infer First},${infer Rest}`
  ? Trimmed<First> | Named<Row, Rest>
  : Trimmed<Columns>;
type Trimmed<Text extends string> = Text extends ` ${infer Rest}` ? Trimmed<Rest> : Text extends `${infer Rest} ` ? Trimmed<Rest> : Text;

type Count = "exact" | "planned" | "estimated";

interface RpcOptions {
  readonly get?: boolean;
  readonly head?: boolean;
  readonly count?: Count;
}

/**
 * What a query comes to. It never throws: what failed is in `error`.
 *
 * @example
 * ```ts
 * import type { QueryResult } from "seawall";
 *
 * const told = ({ data, error }: QueryResult<unknown[]>) => show(error ? error.code : data);
 * ```
 */
export type QueryResult<Data> =
  | { readonly data: Data; readonly error: null; readonly count: number | null; readonly status: number; readonly statusText: string }
  | { readonly data: null; readonly error: QueryError; readonly count: null; readonly status: number; readonly statusText: string };

/**
 * Why a query failed, in PostgREST's own shape; of the guard's refusals, with the time to wait.
 *
 * @example
 * ```ts
 * import type { QueryError } from "seawall";
 *
 * const isTaken = (error: QueryError) => error.code === "23505";
 * ```
 */
export interface QueryError {
  readonly code: string;
  readonly message: string;
  readonly details: string | null;
  readonly hint: string | null;
  readonly category?: string;
  readonly retryAfter?: number | null;
}

/** A table or view before it is said what to do with it. */
export interface Relation<Table> {
  select<Columns extends string = "*">(columns?: Columns, options?: { head?: boolean; count?: Count }): Query<Selected<RowOf<Table>, Columns>[]>;
  select<Row>(columns: string, options?: { head?: boolean; count?: Count }): Query<Row[]>;
  insert(values: InsertOf<Table> | readonly InsertOf<Table>[], options?: { count?: Count; defaultToNull?: boolean }): Write<Table>;
  upsert(
    values: InsertOf<Table> | readonly InsertOf<Table>[],
    options?: { onConflict?: string; ignoreDuplicates?: boolean; count?: Count; defaultToNull?: boolean },
  ): Write<Table>;
  update(values: UpdateOf<Table>, options?: { count?: Count }): Write<Table>;
  delete(options?: { count?: Count }): Write<Table>;
}

/** A write, which answers with its rows only when asked for them. */
export interface Write<Table> extends Query<null> {
  select<Columns extends string = "*">(columns?: Columns): Query<Selected<RowOf<Table>, Columns>[]>;
  select<Row>(columns: string): Query<Row[]>;
}

interface Embedded {
  readonly referencedTable?: string;
}

/**
 * A query that can be narrowed further, and awaited. Each time it is awaited it is sent.
 *
 * @example
 * ```ts
 * import type { Query } from "seawall";
 *
 * const recent = (query: Query<{ id: number }[]>) => query.order("created_at", { ascending: false }).limit(20);
 * ```
 */
export interface Query<Data> extends PromiseLike<QueryResult<Data>> {
  eq(column: string, value: unknown): this;
  neq(column: string, value: unknown): this;
  gt(column: string, value: unknown): this;
  gte(column: string, value: unknown): this;
  lt(column: string, value: unknown): this;
  lte(column: string, value: unknown): this;
  like(column: string, pattern: string): this;
  ilike(column: string, pattern: string): this;
  is(column: string, value: boolean | null): this;
  in(column: string, values: readonly unknown[]): this;
  contains(column: string, value: unknown): this;
  containedBy(column: string, value: unknown): this;
  overlaps(column: string, value: unknown): this;
  match(values: Record<string, unknown>): this;
  not(column: string, operator: string, value: unknown): this;
  or(filters: string, options?: Embedded): this;
  filter(column: string, operator: string, value: unknown): this;
  textSearch(column: string, query: string, options?: { config?: string; type?: "plain" | "phrase" | "websearch" }): this;
  order(column: string, options?: Embedded & { ascending?: boolean; nullsFirst?: boolean }): this;
  limit(count: number, options?: Embedded): this;
  range(from: number, to: number, options?: Embedded): this;
  /** One row as an object; none or several are an error. */
  single(): Query<Data extends readonly (infer Row)[] ? Row : Data>;
  /** One row as an object, or null; several are an error. */
  maybeSingle(): Query<(Data extends readonly (infer Row)[] ? Row : Data) | null>;
  setHeader(name: string, value: string): this;
  abortSignal(signal: AbortSignal): this;
}
