/** SHAKE128 (FIPS 202), for vectors that are given as a digest over many outputs. */
export class Shake128 {
  readonly #state = new BigUint64Array(25);
  readonly #bytes = new Uint8Array(this.#state.buffer);
  #at = 0;
  #squeezing = false;
  static readonly #rate = 168;

  write(data: Uint8Array): this {
    for (const b of data) {
      this.#bytes[this.#at++]! ^= b;
      if (this.#at === Shake128.#rate) this.#permute();
    }
    return this;
  }

  read(size: number): Uint8Array {
    if (!this.#squeezing) {
      this.#bytes[this.#at]! ^= 0x1f;
      this.#bytes[Shake128.#rate - 1]! ^= 0x80;
      this.#permute();
      this.#squeezing = true;
    }
    const out = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      if (this.#at === Shake128.#rate) this.#permute();
      out[i] = this.#bytes[this.#at++]!;
    }
    return out;
  }

  #permute(): void {
    this.#at = 0;
    const a = this.#state;
    const turn = (x: bigint, n: number): bigint => (n === 0 ? x : BigInt.asUintN(64, (x << BigInt(n)) | (x >> BigInt(64 - n))));
    let lfsr = 1;
    for (let round = 0; round < 24; round++) {
      const c = [0, 1, 2, 3, 4].map((x) => a[x]! ^ a[x + 5]! ^ a[x + 10]! ^ a[x + 15]! ^ a[x + 20]!);
      for (let i = 0; i < 25; i++) a[i]! ^= c[(i + 4) % 5]! ^ turn(c[(i + 1) % 5]!, 1);
      let [x, y] = [1, 0];
      let current = a[1]!;
      for (let t = 0; t < 24; t++) {
        [x, y] = [y, (2 * x + 3 * y) % 5];
        const next = a[x + 5 * y]!;
        a[x + 5 * y] = turn(current, (((t + 1) * (t + 2)) / 2) % 64);
        current = next;
      }
      for (let row = 0; row < 25; row += 5) {
        const r = a.slice(row, row + 5);
        for (let i = 0; i < 5; i++) a[row + i] = r[i]! ^ (BigInt.asUintN(64, ~r[(i + 1) % 5]!) & r[(i + 2) % 5]!);
      }
      for (let j = 0; j < 7; j++) {
        if (lfsr & 1) a[0]! ^= 1n << BigInt(2 ** j - 1);
        lfsr = (lfsr << 1) ^ (lfsr & 0x80 ? 0x171 : 0);
      }
    }
  }
}
