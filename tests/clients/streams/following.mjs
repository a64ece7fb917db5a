// What both clients have in common that follow an order: what they ask, and what they keep.

export const FOLLOW = `subscription Follow($after: Cursor, $order: ID, $accessToken: String) {
  orderEvents(after: $after, order: $order, accessToken: $accessToken) {
    __typename
    ... on StreamEvent { cursor }
    ... on OrderSnapshot { lastSeq orders { number state } }
    ... on OrderDelta { seq prevSeq state }
  }
}`;

/** Keeps what is told until an order is in the last state; after each event the line is cut. */
export const mirrored = (last, cut) => {
  const told = { states: [], gaps: 0, snapshots: 0 };
  let seq;
  return {
    told,
    take(event) {
      if (event.__typename === "OrderSnapshot") {
        told.snapshots += 1;
        seq = event.lastSeq;
      }
      if (event.__typename !== "OrderDelta") return false;
      if (event.prevSeq !== seq) told.gaps += 1;
      seq = event.seq;
      told.states.push(event.state);
      if (event.state === last) return true;
      setTimeout(cut, 0);
      return false;
    },
  };
};
