// SPDX-License-Identifier: GPL-2.0-only
/** The full terminal view of a session: its questions, and keys that answer them. */
import type { Attached } from '../attach/attached.js';
import { edit } from '../attach/edit.js';
import { CodedFailure } from '../control/protocol.js';
import { Failure, messageOf } from '../host/failure.js';
import { Canvas } from './canvas.js';
import type { Key } from './model/keys.js';
import { hear, watched } from './model/notices.js';
import { press } from './model/press.js';
import { edited, refused, replied, replyOf, weighed } from './model/replies.js';
import { screenOf } from './model/screen.js';
import { type Asked, type Effect, initial, isSettling, type State, type Step, type Weighing } from './model/state.js';
import { Terminal } from './terminal.js';
import { type Ends, unviewable } from './viewable.js';

/** How it ended. */
export interface Left {
  /** `lost`: the supervisor has gone and said nothing. */
  readonly how: 'detached' | 'ended' | 'lost';
  readonly session: string;
  /** What it means, for a person. */
  readonly text: string;
}

export interface Options {
  readonly ends?: Ends;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Milliseconds for which keys do not answer what came up by itself. */
  readonly settle?: number;
}

/** A person who types has seen what is there since so long. */
const SETTLE_MS = 400;
/** How often what has passed is told anew. */
const TICK_MS = 1000;

/**
 * Shows the session until the person leaves it or it ends. The terminal is left as it was, whatever happens.
 *
 * @throws Failure where there is no terminal
 */
export async function view(client: Attached, options: Options = {}): Promise<Left> {
  const ends = options.ends ?? { input: process.stdin, output: process.stdout };
  const why = unviewable(ends);
  if (why !== null) throw new Failure(`the view cannot be shown: ${why}`, 'callgate attach --plain');
  return await new View(client, ends, options).run();
}

class View {
  readonly #client: Attached;
  readonly #terminal: Terminal;
  readonly #output: Ends['output'];
  readonly #input: Ends['input'];
  readonly #clock: () => number;
  readonly #canvas = new Canvas();
  #state: State;
  /** While the terminal is the editor's. */
  #editor: Promise<void> | null = null;
  #over = false;
  #drawing: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #leave: (how: Left['how']) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(client: Attached, ends: Ends, { clock = Date.now, settle = SETTLE_MS }: Options) {
    this.#client = client;
    this.#output = ends.output;
    this.#input = ends.input;
    this.#clock = clock;
    this.#terminal = new Terminal(ends, (key) => this.#guarded(() => this.#press(key)));
    this.#state = initial(ends.output.columns, ends.output.rows, clock(), settle);
  }

  async run(): Promise<Left> {
    const left = new Promise<Left['how']>((resolve, reject) => {
      this.#leave = resolve;
      this.#fail = reject;
    });
    left.catch(() => undefined);
    const client = this.#client;
    const detach = (): void => this.#leave('detached');
    // While an editor has the terminal, ctrl-C is for it.
    const interrupted = (): void => {
      if (this.#editor === null) detach();
    };
    const continued = (): void => this.#guarded(() => this.#retake());
    const resized = (): void => this.#guarded(() => this.#resize());
    process.on('SIGINT', interrupted).on('SIGTERM', detach).on('SIGHUP', detach).on('SIGCONT', continued);
    this.#output.on('resize', resized);
    this.#input.on('end', detach).on('error', detach);
    this.#output.on('error', detach);
    void client.closed.then(() => this.#leave('lost'));
    const ticks = setInterval(() => this.#guarded(() => this.#tick()), TICK_MS);
    try {
      this.#terminal.take();
      this.#take(watched(this.#state, client.watching));
      client.listen((notice) => this.#guarded(() => this.#take(hear(this.#state, notice, this.#clock()))));
      const how = await left;
      this.#over = true;
      // The terminal is the editor's until it has ended.
      await this.#editor;
      return leftAs(how, this.#state, client.watching.session);
    } finally {
      this.#over = true;
      clearInterval(ticks);
      if (this.#drawing !== null) clearImmediate(this.#drawing);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#terminal.giveBack();
      this.#canvas.close();
      process.off('SIGINT', interrupted).off('SIGTERM', detach).off('SIGHUP', detach).off('SIGCONT', continued);
      this.#output.off('resize', resized).off('error', detach);
      this.#input.off('end', detach).off('error', detach);
      client.close();
    }
  }

  /** An error of our own ends the view, and is told on a terminal that can show it. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #take({ state, effects }: Step): void {
    this.#state = state;
    this.#draw();
    for (const effect of effects) this.#do(effect);
  }

  #press(key: Key): void {
    this.#take(press(this.#state, key, this.#clock()));
  }

  #tick(): void {
    this.#take({ state: { ...this.#state, now: this.#clock() }, effects: [] });
  }

  #resize(): void {
    const { columns, rows } = this.#terminal;
    this.#terminal.forgetDrawn();
    this.#take({ state: { ...this.#state, columns, rows, now: this.#clock() }, effects: [] });
  }

  #retake(): void {
    if (this.#editor !== null) return;
    this.#terminal.retake();
    this.#draw();
  }

  /** Draws what has changed, once for all that is told in a row: a thousand questions may come at once. */
  #draw(): void {
    this.#drawing ??= setImmediate(() => {
      this.#drawing = null;
      this.#guarded(() => this.#drawNow());
    });
  }

  #drawNow(): void {
    if (this.#editor !== null || this.#over) return;
    const { rows, cursor } = screenOf(this.#state);
    this.#terminal.draw(this.#canvas.lines(rows, this.#state.columns), cursor);
    if (this.#timer !== null) clearTimeout(this.#timer);
    const wait = this.#state.shown + this.#state.settle - this.#state.now;
    this.#timer = isSettling(this.#state) ? setTimeout(() => this.#guarded(() => this.#tick()), wait) : null;
  }

  #do(effect: Effect): void {
    switch (effect.do) {
      case 'ask':
        void this.#ask(effect.request);
        return;
      case 'weigh':
        void this.#weigh(effect.request);
        return;
      case 'edit':
        this.#editor = this.#edit(effect.file);
        return;
      case 'redraw':
        this.#terminal.forgetDrawn();
        this.#draw();
        return;
      case 'leave':
        this.#leave(effect.how);
        return;
    }
  }

  async #ask(request: Asked): Promise<void> {
    try {
      const answer = await this.#client.request(request);
      this.#guarded(() => this.#take(replied(this.#state, replyOf(request.do, answer), this.#clock())));
    } catch (error) {
      const code = error instanceof CodedFailure ? error.code : undefined;
      const remedy = error instanceof Failure ? error.remedy : undefined;
      const told = { code, message: messageOf(error), remedy };
      this.#guarded(() => this.#take(refused(this.#state, request, told, this.#clock())));
    }
  }

  async #weigh(request: Weighing): Promise<void> {
    // It may be gone, or cannot be weighed: then the screen goes on saying that it is not known.
    const answer = await this.#client.request(request).catch(() => null);
    this.#guarded(() => this.#take(weighed(this.#state, answer, this.#clock())));
  }

  async #edit(file: string): Promise<void> {
    this.#terminal.giveBack();
    const failure = await edit(file).then(() => null, messageOf);
    this.#editor = null;
    // Detached or ended meanwhile: nobody looks any more.
    if (this.#over) return;
    this.#guarded(() => {
      this.#terminal.take();
      this.#take(edited(this.#state, failure, this.#clock()));
    });
  }
}

function leftAs(how: Left['how'], state: State, session: string): Left {
  const waits = state.questions.length;
  const left = waits === 0 ? '' : `; ${waits} waited, and where nobody else attends their policies' fallback answers`;
  switch (how) {
    case 'detached':
      return { how, session, text: `detached from ${session}: its program goes on under its policy${left}` };
    case 'ended':
      return { how, session, text: `${session} is over: its program has ended, or the session was stopped` };
    case 'lost':
      return {
        ...{ how, session },
        text: `${session}: its supervisor has gone without a word; its policies hold on, and what is stopped stays so (callgate status)`,
      };
  }
}
