package phonelink

// Merge is the three-way merge of drafts.
var Merge = merge
