// What passes in order, for a player or from it: packets that wait, packets that arrived.

/** Places at the front that are empty, at most. Chosen: so many share one move of what is behind. */
const MOST_GIVEN = 256;

/** A row that gives from its front without moving what is behind. */
export class Row<Item> {
  #items: Item[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get front(): Item | undefined {
    return this.#items[this.#first];
  }

  get newest(): Item | undefined {
    return this.#items.at(-1);
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first++;
    if (this.#first >= MOST_GIVEN || this.#first === this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
