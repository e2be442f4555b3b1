// SPDX-License-Identifier: GPL-2.0-only
/** The view's model without its terminal: what is told and typed, one after the other. */
import type { Notice } from '../../src/control/protocol.js';
import { readKeys } from '../../src/view/model/keys.js';
import { hear, watched } from '../../src/view/model/notices.js';
import { press } from '../../src/view/model/press.js';
import { screenOf } from '../../src/view/model/screen.js';
import { type Effect, initial, type State, type Step } from '../../src/view/model/state.js';
import { NOW, told, WATCHING } from './build.js';

/** A view that is played; its clock stands still unless it is moved. */
export class Play {
  state: State;
  /** What was wanted since it was last looked at, but for weighing. */
  #effects: Effect[] = [];
  readonly weighed: Effect[] = [];
  now = NOW;

  constructor(columns = 80, rows = 24, settle = 0) {
    this.state = initial(columns, rows, NOW, settle);
    this.take(watched(this.state, WATCHING));
  }

  take({ state, effects }: Step): this {
    this.state = state;
    for (const effect of effects) (effect.do === 'weigh' ? this.weighed : this.#effects).push(effect);
    return this;
  }

  hear(...notices: readonly Notice[]): this {
    for (const notice of notices) this.take(hear(this.state, notice, this.now));
    return this;
  }

  /** With all that waits at first. */
  begin(...notices: readonly Notice[]): this {
    return this.hear(...notices, told.ready);
  }

  /** Types, as a terminal sends it. */
  type(text: string): this {
    for (const key of readKeys(text).keys) this.take(press(this.state, key, this.now));
    return this;
  }

  /** What was wanted since the last look. */
  wanted(): readonly Effect[] {
    return this.#effects.splice(0);
  }

  get lines(): readonly string[] {
    return screenOf(this.state).rows.map(({ text }) => text.trimEnd());
  }

  get message(): string {
    const { message } = this.state;
    return message === null ? '' : `${message.alarm ? '! ' : ''}${message.text}`;
  }
}
