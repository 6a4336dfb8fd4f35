"""Every sentence of a job's report in German."""

from typing import Final

from reports.job_words import JobWords

JOB_GERMAN: Final = JobWords(
    language="de",
    outcomes={
        "synthetic": "Hinweise auf Synthese",
        "partly_synthetic": "Hinweise auf Synthese in einem Teil",
        "inconclusive": "nicht entscheidbar",
        "no_evidence": "kein Hinweis auf Synthese",
        "not_applicable": "nicht anwendbar",
        "failed": "nicht untersucht",
        "cancelled": "abgebrochen",
        "open": "noch offen",
    },
    changes={
        "verdict": "andere Antwort",
        "failed": "jetzt nicht untersucht",
        "recovered": "jetzt untersucht",
        "content": "andere Bytes",
        "new": "neu",
        "gone": "nicht mehr gelistet",
        "same": "wie zuvor",
    },
    labels={
        "document_title": "Bericht über einen Auftrag",
        "job": "Auftrag",
        "job_number": "Nummer",
        "name": "Name",
        "sources": "Quellen",
        "submitted": "Erteilt",
        "ended": "Beendet",
        "account": "Konto",
        "items": "Stücke",
        "counts": "Was aus den Stücken wurde",
        "outcome": "Ergebnis",
        "share": "Anteil",
        "heat_map": "Alle Stücke über die Zeit",
        "strongest": "Stärkste Befunde",
        "item": "Stück",
        "title": "Titel",
        "supports": "Stützt",
        "stretches": "Markiert",
        "links": "Verweise",
        "report": "Bericht",
        "source": "Quelle",
        "no_answer": "Warum es keine (klarere) Antwort gibt",
        "reason": "Grund",
        "failures": "Fehler nach Grund",
        "example": "Zum Beispiel",
        "duplicates": "Dieselbe Datei mehrmals",
        "near": "Vielleicht dieselbe Aufnahme",
        "alike": "Vielleicht gleich hergestellt",
        "first": "Erstes davon",
        "numbers": "Nummern",
        "likeness": "Ähnlichkeit",
        "compared": "Verglichen mit dem Auftrag davor",
        "change": "Änderung",
        "before": "Zuvor",
        "now": "Jetzt",
        "limits": "Grenzen",
        "attachments": "An diese PDF angehängt",
        "end": "Ende des Berichts",
        "rows_from": "ab Stück",
        "legend_share": "Stücke, die dort Synthese stützen, von 100",
    },
    sentences={
        "headline_found": "In {n} von {total} Stücken wurden Hinweise auf Synthese gefunden.",
        "headline_none": "In den {total} beurteilten Stücken wurde kein Hinweis auf Synthese gefunden.",
        "headline_not_judged": "Keines der {total} Stücke konnte beurteilt werden.",
        "headline_empty": "Der Auftrag hat keine Stücke.",
        "open": "Der Auftrag ist nicht beendet: {n} Stücke sind noch offen und stehen in keiner Liste.",
        "expected": "Hätten in allen {judged} beurteilten Stücken Menschen gesprochen, so würden etwa {n} "
        "davon trotzdem synthetisch genannt: So oft irrt das Verfahren nach den Fehlerraten in den "
        "Berichten der Stücke.",
        "heat_single": "Eine Zeile je Stück in der Reihenfolge der Liste; eine Zelle ist {cell} Ton, "
        "gefärbt nach dem, was sie stützt, wie im Bericht des Stücks.",
        "heat_many": "{rows} Zeilen zu je etwa {n} benachbarten Stücken in der Reihenfolge der Liste. Eine "
        "Zelle ist {cell} ihres Tons; die Farbe sagt, wie viele der dort beurteilten Stücke darin Synthese "
        "stützen. Einzelne Zellen täuschen: Eine Zeile oder Spalte, die auffällt, ist einen Blick wert.",
        "heat_later": "Die letzte Spalte enthält auch alles nach {end}.",
        "heat_alt": "Wärmebild von {n} Stücken über {total} Ton, in {rows} Zeilen und {columns} Spalten.",
        "strongest": "Die {n} Stücke, deren Befunde im Ganzen oder in einer markierten Stelle Synthese am "
        "stärksten stützen. Jedes Stück steht in der Tabelle und hat einen eigenen Bericht.",
        "strongest_none": "Es gibt keine.",
        "duplicates": "{items} Stücke in {groups} Gruppen sind Byte für Byte dieselbe Datei.",
        "known": "{n} Stücke waren schon in früheren Aufträgen dieses Kontos untersucht worden.",
        "near": "{items} Stücke in {groups} Gruppen haben andere Bytes, klingen aber Sekunde für Sekunde "
        "ähnlich: vielleicht dieselbe Aufnahme in anderer Form.",
        "near_trust": "Gemessen an Stücken von 10 s: Von veränderten Kopien werden so viele "
        "gefunden: {kept}; {strangers} von 100 Stücken ist eine andere Aufnahme ebenso ähnlich.",
        "alike": "Von den {n} stärksten Befunden liegen {items} Stücke in {groups} Gruppen nah beieinander: "
        "vielleicht gleich hergestellt.",
        "alike_trust": "Gemessen an Systemen, die dem Verfahren neu waren: Von solchen Paaren sind {right} "
        "von 100 aus einem System. Ein Hinweis, wo man hinhören kann, kein Befund.",
        "not_measured": "Wie weit man dem trauen kann, wurde für diesen Detektor nicht gemessen.",
        "none_alike": "Es wurden keine gefunden.",
        "compared": "Verglichen mit Auftrag {job} vom {date}; {same} Stücke sind wie zuvor.",
        "compared_none": "Es gibt keinen früheren Auftrag mit denselben Quellen oder demselben Namen.",
        "more": "{n} weitere stehen in der Tabelle.",
        "more_groups": "{n} weitere Gruppen stehen in der Tabelle.",
        "attached": "job.json: alles, was hier steht, maschinenlesbar.",
    },
    sheets={
        "summary": "Überblick",
        "items": "Stücke",
        "strongest": "Stärkste Befunde",
        "failures": "Fehler",
        "duplicates": "Dieselbe Datei",
        "near": "Dieselbe Aufnahme",
        "alike": "Gleich hergestellt",
        "compared": "Vergleich",
    },
    copies={
        "web": "durch Web-Codecs",
        "degraded": "stark verschlechtert",
        "clean, cut 0.5 s later": "eine halbe Sekunde später geschnitten",
    },
    limits=(
        "Dieser Bericht zählt und weist hin. Was in einem Stück gefunden wurde, wie stark es ist und wie "
        "oft ein solches Ergebnis in die Irre führt, steht im Bericht des Stücks.",
        "Unter vielen Stücken werden einige irrtümlich synthetisch genannt, und einige synthetische werden "
        "übersehen. Ein Stück ist nicht verdächtiger, weil andere desselben Auftrags es sind.",
        "Ähnlichkeit von Stücken ist kein Hinweis auf Synthese und keiner darauf, dass ein System oder "
        "eine Person sie hergestellt hat.",
    ),
)
