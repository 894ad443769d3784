// The Pareto front.

/**
 * Which points no other one dominates: at least as good in both, better in one. Of equal points all or none.
 * `points` have `x` and `y`; `xGood` and `yGood` are "low" or "high".
 */
export function paretoFront(points, xGood, yGood) {
  const sx = xGood === "low" ? 1 : -1;
  const sy = yGood === "low" ? 1 : -1;
  const sorted = [...points].sort((a, b) => sx * (a.x - b.x) || sy * (a.y - b.y));
  const front = [];
  let best = Infinity; // the least y so far, of points with a better x or of the same point
  let bestX = NaN;
  for (const point of sorted) {
    const y = sy * point.y;
    if (y < best || (y === best && point.x === bestX)) {
      front.push(point);
      best = y;
      bestX = point.x;
    }
  }
  return front;
}
