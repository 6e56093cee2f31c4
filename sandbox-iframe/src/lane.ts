/** A place in a lane. */
export interface Turn {
  act: (() => void) | undefined;
  next: Turn | undefined;
}

/** Keeps the order of what is decided about one after the other, however long each decision takes. */
export class Lane {
  #first: Turn | undefined;
  #last: Turn | undefined;

  /** Takes the next place. */
  enter(): Turn {
    const turn: Turn = { act: undefined, next: undefined };
    if (this.#last === undefined) this.#first = turn;
    else this.#last.next = turn;
    return (this.#last = turn);
  }

  /** Acts when all places before this one have; at once if they did. */
  leave(turn: Turn, act: () => void): void {
    turn.act = act;
    for (let first = this.#first; first?.act !== undefined; first = this.#first) {
      this.#first = first.next;
      if (first.next === undefined) this.#last = undefined;
      first.act();
    }
  }

  /** Whether nothing is before this place. */
  leads(turn: Turn): boolean {
    return turn === this.#first;
  }
}
