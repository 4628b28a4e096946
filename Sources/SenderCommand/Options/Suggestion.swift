// Suggestions for misspelt names.
// SPDX-License-Identifier: Apache-2.0

/// The known name nearest to a misspelt one; nil if none is near.
func nearest(to name: String, among known: [String]) -> String? {
    // Bounds the work, which grows with the length.
    guard name.count <= 64 else { return nil }
    // An abbreviation has the name's beginning.
    let completions = known.filter { $0.hasPrefix(name) }
    if !name.isEmpty, completions.count == 1 { return completions.first }

    let ranked = known.map { (name: $0, distance: editDistance(name, $0)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }),
        best.distance <= max(1, best.name.count / 3)
    else { return nil }
    return best.name
}

/// The edit distance: insertions, deletions, replacements and swaps of neighbours.
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
            var cost = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                cost = min(cost, beforeLast[j - 1] + 1)
            }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
