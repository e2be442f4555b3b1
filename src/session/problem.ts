export interface Problem {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly remedy: string | null;
  /** For a person: with the line and a caret where there is one. */
  readonly rendered: string;
}
