"""The array builder's pages. Nothing here asks Enphase; a review is queued and a worker sends it.

What every template of templates/arrays/ gets (builder.py makes it):

    site_context(request, activation, "arrays")   activation, may_change, tabs, ...
    sheet             our copies of `arrays` and `inverters`, for snapshots/_freshness.html
    known             has Enphase ever told us the layout? False: "Not read yet", no plan
    plan              layout.Plan as drafted, or as Enphase has it
    draft             models.LayoutDraft with unsent changes, or None
    revision          number that every POST to `arrays:act` sends back as `revision`
    changes           how many unsaved changes (0 without a draft)
    undo, redo        what would be undone or done again in words ("Place 7259"), "" for nothing
    selected_array    layout.RoofArray or None
    selected_cell     "R2C7" or ""
    selected_serial   what is in that cell, ""
    next_cell         the cell that "place and go on" leads to, "" when there is none
    view              "plan" or "table"
    list              "toplace", "placed" or "missing"
    lists             {"toplace": [Serial], "placed": [Serial], "missing": [Serial]}, see
                      inventory.Serial: number, spot (layout.Spot or None), source in words,
                      bars (0-5 or None: signal of its gateway), is_detected (None: cannot tell),
                      elsewhere (another site it is placed on, or None: .site.pk, .site.name,
                      .is_draft)
    by_number         {serial: inventory.Serial} of all of them, for the state of a cell
    counts            {"cells", "placed", "empty", "toplace", "missing" (None: cannot tell),
                      "duplicates"}
    gateways          [(serial, text)] to choose from
    notices           [{"tone": "info|ok|warn|bad", "text", "url", "link"}] about this answer
    outdated          sentence when Enphase's copy is newer than the one the draft began with, ""
    running           Operation of this layout that is open, or None: then nothing can be changed
    last              the newest settled Operation of this layout, or None; last.result may have
                      "rearranged": [sentences on what Enphase moved]
    why_not           why nothing can be changed although may_change, "" when it can
    may_edit          may_change, and nothing stands in the way
    act_url           address of `arrays:act`
    here              this page's query without the leading "?": array, cell, view, list
    preview           None, or what a fill would do: {"array", "cell", "places": {cell: serial},
                      "text"}
    typed             what was typed and refused, by field name: nothing typed is lost
    errors            sentences of a refused action (answered with 422, 409 for an old revision)
    may_move          {"serial", "from": Spot} when the serial is placed elsewhere already: the
                      same form with `move=1` moves it
    forms             {"add": AddForm, "array": ArrayForm of the selected array or None,
                      "position": PositionForm or None}

`arrays/plan.html` is the page, `arrays/_builder.html` (root id="builder") what htmx gets.

`arrays:act` takes POST with `action`, `revision`, and by action:

    add           label rows columns orientation azimuth tilt gateway       (forms.add)
    change        array, the same fields                                    (forms.array)
    move          array, step=left|right|up|down (one module), or x, y      (forms.position)
    duplicate     array
    delete        array                       (arrays:array-delete asks first)
    place         array, cell, serial (typed or chosen; `typed` wins over `serial`), move=1
    place_next    the same, then the next empty cell is selected
    clear         array, cell
    fill_preview  array, cell                 shows what `fill` would do, changes nothing
    fill          array, cell
    paste         array, cell, text           serials go into the cells from this one on
    table         array, one field a cell: cell-R1C1=serial ("" clears it)
    scan          text                        serials go onto the list "to place"
    unscan        serial
    undo, redo, discard
    rebase        keep the draft and take Enphase's newer copy as its beginning

and answers with `_builder.html` to htmx (array and cell selected as after the action), else with
a redirect to the plan; refused: 422 (or 409) and the fragment or the page, with `errors`. It also
takes `view` and `list`, to come back to them.

Other pages, beside the common context:

    array.html    (arrays:array, GET and POST of the fields)  array, form
    delete.html   (arrays:array-delete)                       array, placed (spots), token
    review.html   (arrays:review)      rows (for ui/diff_table.html), warnings [notices], points
                  [sentences that must be settled first], token, hits (int), form (reason field
                  is not asked), request_kind "all|one|delete"
    import.html   (arrays:import)      form, outcome: None or csvmap.Outcome (rows, errors
                  [(line, sentence)], changes [sentences], text to carry along), is_ready
    scan.html     (arrays:scan)        form (text), scanned [Serial], back_url
"""
