"""The words of the check: what its parts are called and what they explain, in nb, nn and en."""

from __future__ import annotations

from collections.abc import Mapping

from evaluation.texts import Text, three

WORDS: Mapping[str, Text] = {
    "title": three(
        nb="Sjekk av data",
        nn="Sjekk av data",
        en="Data check",
    ),
    "status_0": three(
        nb="Dataene kan brukes.",
        nn="Dataa kan brukast.",
        en="The data can be used.",
    ),
    "status_1": three(
        nb="Dataene kan brukes, men noe mangler eller bør ses på.",
        nn="Dataa kan brukast, men noko manglar eller bør sjåast på.",
        en="The data can be used, but something is missing or should be looked at.",
    ),
    "status_waiting": three(
        nb="Ingenting er galt, men det som må være med, er ikke fylt ut ennå.",
        nn="Ingenting er gale, men det som må vere med, er ikkje fylt ut enno.",
        en="Nothing is wrong, but what must be there has not been filled in yet.",
    ),
    "status_2": three(
        nb="Dataene kan ikke brukes før det som er galt, er rettet.",
        nn="Dataa kan ikkje brukast før det som er gale, er retta.",
        en="The data cannot be used until what is wrong is mended.",
    ),
    "division": three(
        nb="Kommuneinndeling: {division:d}",
        nn="Kommuneinndeling: {division:d}",
        en="Municipal division: {division:d}",
    ),
    "wrong": three(
        nb="Hva som er galt",
        nn="Kva som er gale",
        en="What is wrong",
    ),
    "wrong_intro": three(
        nb="Alt som ble funnet i alle filene. Rader telles som i et regneark. Meldingene er på engelsk.",
        nn="Alt som vart funne i alle filene. Rader blir talde som i eit rekneark. Meldingane er på engelsk.",
        en="Everything found in all files. Rows are counted as in a spreadsheet.",
    ),
    "nothing_wrong": three(
        nb="Ingenting.",
        nn="Ingenting.",
        en="Nothing.",
    ),
    "waiting": three(
        nb="Ikke fylt ut ennå",
        nn="Ikkje fylt ut enno",
        en="Nothing here yet",
    ),
    "waiting_intro": three(
        nb="Dette er lagt opp, men har ikke noe innhold ennå.",
        nn="Dette er lagt opp, men har ikkje noko innhald enno.",
        en="This is laid out, but holds nothing yet.",
    ),
    "unnamed": three(
        nb="Filer som sources.yaml ikke nevner",
        nn="Filer som sources.yaml ikkje nemner",
        en="Files that sources.yaml does not name",
    ),
    "unnamed_intro": three(
        nb="De blir ikke brukt. Kolonnenavnene kan skrives inn i sources.yaml.",
        nn="Dei blir ikkje brukte. Kolonnenamna kan skrivast inn i sources.yaml.",
        en="They are not used. The column names can be written into sources.yaml.",
    ),
    "files": three(
        nb="Fil for fil",
        nn="Fil for fil",
        en="File by file",
    ),
    "files_intro": three(
        nb="Hvordan hver fil ble forstått. Kolonner står som vårt navn: filens navn.",
        nn="Korleis kvar fil vart forstått. Kolonnar står som vårt namn: namnet i fila.",
        en="How each file was understood. Columns are given as our name: the file's name.",
    ),
    "dropped": three(
        nb="Rader som er utelatt",
        nn="Rader som er utelatne",
        en="Rows left out",
    ),
    "dropped_intro": three(
        nb="Antall rader etter tabell og grunn.",
        nn="Talet på rader etter tabell og grunn.",
        en="Rows by table and reason.",
    ),
    "noted": three(
        nb="Godtatt og notert",
        nn="Godteke og notert",
        en="Accepted and noted",
    ),
    "noted_intro": three(
        nb="Det leseren gjorde med filene underveis. Det som er merket, må også leserne av rapporten vite.",
        nn="Det lesaren gjorde med filene undervegs. Det som er merkt, må òg lesarane av rapporten vite.",
        en="What the readers did to the files on the way. What is marked, readers of the report must know too.",
    ),
    "harmonised": three(
        nb="Kommunenumre ført over på én inndeling",
        nn="Kommunenummer førte over på éi inndeling",
        en="Codes put on one division",
    ),
    "harmonised_intro": three(
        nb="Tallene for disse er lagt sammen under den nye kommunen. Mangler en del, er de andre utelatt.",
        nn="Tala for desse er lagde saman under den nye kommunen. Manglar ein del, er dei andre utelatne.",
        en="The figures of these are summed under the new municipality; where one part is missing, none is used.",
    ),
    "gaps": three(
        nb="Hull i seriene",
        nn="Hol i seriane",
        en="Gaps",
    ),
    "gaps_intro": three(
        nb="Kommuner som mangler tidsrom tabellen har. Deltakerne står først.",
        nn="Kommunar som manglar tidsrom tabellen har. Deltakarane står først.",
        en="Municipalities that lack periods the table has. Participants come first.",
    ),
    "outliers": three(
        nb="Tall som skiller seg ut",
        nn="Tal som skil seg ut",
        en="Outliers",
    ),
    "outliers_intro": three(
        nb="Regelen: kommunens sum i et tidsrom er over {times:.0f} ganger eller under en {times:.0f}-del av"
        " sin egen median (når den er minst {least:.0f}), eller sykefraværet ligger mer enn {spreads:.0f}"
        " robuste standardavvik fra medianen av kommunene i kvartalet. De er ikke nødvendigvis gale, men "
        "bør ses på.",
        nn="Regelen: summen for kommunen i eit tidsrom er over {times:.0f} gonger eller under ein "
        "{times:.0f}-del av sin eigen median (når han er minst {least:.0f}), eller sjukefråværet ligg "
        "meir enn {spreads:.0f} robuste standardavvik frå medianen av kommunane i kvartalet. Dei er ikkje"
        " nødvendigvis gale, men bør sjåast på.",
        en="The rule: a municipality's total in a period is above {times:.0f} times or below one "
        "{times:.0f}th of its own median (where that is at least {least:.0f}), or its sick leave is more "
        "than {spreads:.0f} robust standard deviations from the median of the municipalities in the "
        "quarter. They need not be wrong, but should be looked at.",
    ),
    "breaks": three(
        nb="Brudd",
        nn="Brot",
        en="Breaks",
    ),
    "breaks_intro": three(
        nb="Regelen: summen over de samme kommunene endrer seg mer enn {share:.0f} prosent fra ett år til "
        "det neste, målt ved tabellens største kolonne. Ofte er det dekningen som er endret.",
        nn="Regelen: summen over dei same kommunane endrar seg meir enn {share:.0f} prosent frå eitt år til "
        "det neste, målt ved den største kolonnen i tabellen. Ofte er det dekninga som er endra.",
        en="The rule: the sum over the same municipalities changes by more than {share:.0f} per cent from "
        "one year to the next, by the table's largest column. Often it is the coverage that has changed.",
    ),
    "chapters": three(
        nb="Hva som mangler for hvert kapittel",
        nn="Kva som manglar for kvart kapittel",
        en="What is missing for which chapter",
    ),
    "chapters_intro": three(
        nb="Lest ut av notatbøkene og funksjonene de bruker. Et kapittel som mangler en tabell det må ha, "
        "tas ut av `chapters` i parameterfilen, eller tabellen skaffes.",
        nn="Lese ut av notatbøkene og funksjonane dei bruker. Eit kapittel som manglar ein tabell det må ha,"
        " blir teke ut av `chapters` i parameterfila, eller tabellen blir skaffa.",
        en="Read from the notebooks and the functions they use. A chapter that lacks a table it must have is"
        " taken out of `chapters` in the parameter file, or the table is obtained.",
    ),
    "none": three(
        nb="ingen",
        nn="ingen",
        en="none",
    ),
    "more": three(
        nb="... og {count} til",
        nn="... og {count} til",
        en="... and {count} more",
    ),
    "file": three(
        nb="fil",
        nn="fil",
        en="file",
    ),
    "table": three(
        nb="tabell",
        nn="tabell",
        en="table",
    ),
    "row": three(
        nb="rad",
        nn="rad",
        en="row",
    ),
    "column": three(
        nb="kolonne",
        nn="kolonne",
        en="column",
    ),
    "value": three(
        nb="verdi",
        nn="verdi",
        en="value",
    ),
    "what": three(
        nb="hva",
        nn="kva",
        en="what",
    ),
    "remedy": three(
        nb="hva du kan gjøre",
        nn="kva du kan gjere",
        en="what to do",
    ),
    "how": three(
        nb="lest som",
        nn="lese som",
        en="read as",
    ),
    "read_rows": three(
        nb="rader",
        nn="rader",
        en="rows",
    ),
    "kept": three(
        nb="beholdt",
        nn="behaldne",
        en="kept",
    ),
    "left_out": three(
        nb="utelatt",
        nn="utelatne",
        en="left out",
    ),
    "columns": three(
        nb="kolonner",
        nn="kolonnar",
        en="columns",
    ),
    "signs": three(
        nb="tegn",
        nn="teikn",
        en="signs",
    ),
    "sheet": three(
        nb="ark {sheet}",
        nn="ark {sheet}",
        en="sheet {sheet}",
    ),
    "header": three(
        nb="kolonnenavn i rad {row:d}",
        nn="kolonnenamn i rad {row:d}",
        en="header in row {row:d}",
    ),
    "semicolon": three(
        nb="semikolon",
        nn="semikolon",
        en="semicolon",
    ),
    "comma": three(
        nb="komma",
        nn="komma",
        en="comma",
    ),
    "tab": three(
        nb="tabulator",
        nn="tabulator",
        en="tab",
    ),
    "reason": three(
        nb="grunn",
        nn="grunn",
        en="reason",
    ),
    "rows": three(
        nb="rader",
        nn="rader",
        en="rows",
    ),
    "count": three(
        nb="antall",
        nn="tal på",
        en="count",
    ),
    "first": three(
        nb="første",
        nn="første",
        en="first",
    ),
    "warning": three(
        nb="merket",
        nn="merkt",
        en="marked",
    ),
    "municipality": three(
        nb="kommune",
        nn="kommune",
        en="municipality",
    ),
    "under": three(
        nb="lagt til",
        nn="lagd til",
        en="added to",
    ),
    "participant": three(
        nb="deltaker",
        nn="deltakar",
        en="participant",
    ),
    "missing": three(
        nb="mangler",
        nn="manglar",
        en="missing",
    ),
    "periods": three(
        nb="tidsrom",
        nn="tidsrom",
        en="periods",
    ),
    "period": three(
        nb="tidsrom",
        nn="tidsrom",
        en="period",
    ),
    "usual": three(
        nb="vanlig",
        nn="vanleg",
        en="usual",
    ),
    "before": three(
        nb="året før",
        nn="året før",
        en="the year before",
    ),
    "after": three(
        nb="dette året",
        nn="dette året",
        en="this year",
    ),
    "change": three(
        nb="endring, prosent",
        nn="endring, prosent",
        en="change, per cent",
    ),
    "chapter": three(
        nb="kapittel",
        nn="kapittel",
        en="chapter",
    ),
    "lacks": three(
        nb="mangler, og kan ikke lages uten",
        nn="manglar, og kan ikkje lagast utan",
        en="lacks, and cannot be made without",
    ),
    "better": three(
        nb="blir bedre med",
        nn="blir betre med",
        en="would be better with",
    ),
    "lacks_columns": three(
        nb="blir bedre med kolonnene",
        nn="blir betre med kolonnane",
        en="would be better with the columns",
    ),
    "withheld": three(
        nb="(vises ikke)",
        nn="(blir ikkje vist)",
        en="(not shown)",
    ),
}
