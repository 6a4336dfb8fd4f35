"""Every sentence of a report in German."""

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_de import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Words

GERMAN: Final = Words(
    language="de",
    share="{number} von 100",
    between="{low} bis {high}",
    span_channel="Kanal {place}",
    bytes_form="{number} Byte",
    headlines={
        VerdictKind.NO_EVIDENCE: "In der Stimme wurde kein Hinweis auf Synthese gefunden.",
        VerdictKind.SYNTHETIC: "In der Stimme wurden Hinweise auf Synthese gefunden.",
        VerdictKind.PARTLY_SYNTHETIC: "In einem Teil der Stimme wurden Hinweise auf Synthese "
        "gefunden.",
        VerdictKind.INCONCLUSIVE: "Nicht entscheidbar: Es lässt sich nicht sagen, ob die Stimme "
        "synthetisch ist.",
        VerdictKind.NOT_APPLICABLE: "Nicht anwendbar: Hier ist keine Stimme, die beurteilt werden "
        "könnte.",
    },
    failed_headline="Nicht untersucht: Über dieses Stück lässt sich nichts sagen.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "Die Datei hat keine Tonspur.",
        Reason.SILENCE: "Die Aufnahme ist still.",
        Reason.NO_SPEECH: "Es ist Ton vorhanden, aber es wurde keine Sprache darin gefunden.",
        Reason.TOO_SHORT: "Es ist weniger als 1 s Stimme vorhanden, zu wenig für eine Aussage.",
        Reason.MUSIC: "Die Aufnahme enthält Musik, aber es wurde keine Sprache darin gefunden.",
        Reason.NOISE: "Die Aufnahme enthält Geräusche, aber es wurde keine Sprache darin gefunden.",
        Reason.TONE: "Die Aufnahme enthält Töne, aber es wurde keine Sprache darin gefunden.",
        Reason.CLIPPED: "Der Ton ist durchgehend übersteuert: Jeder Wert liegt am Anschlag.",
        Reason.NOT_FINITE: "Die Datei enthält Abtastwerte, die keine Zahlen sind.",
        Reason.LITTLE_VOICE: "Für eine Entscheidung ist zu wenig Stimme vorhanden ({voiced}).",
        Reason.WEAK_EVIDENCE: "Die Befunde liegen in dem Bereich, in dem sich das Verfahren für "
        "eine Entscheidung zu oft irrt.",
        Reason.VARIANTS_DISAGREE: "Die Aufnahme wie sie ist und die herausgelöste Stimme führten "
        "nicht zur selben Entscheidung; deshalb wurde keine getroffen.",
        Reason.OVERLAPPED_SPEECH: "In den meisten beurteilten Sekunden sprechen mehrere Stimmen zugleich: "
        "Die Befunde gelten der lautesten und sagen wenig über die anderen. "
        "Daher wurde nicht entschieden.",
        Reason.OUT_OF_SCOPE: "Die Aufnahme gleicht nichts, woran das Verfahren geprüft wurde.",
    },
    segment_reasons={
        Reason.NONE: "nicht bewertet",
        Reason.NO_AUDIO: "kein Ton",
        Reason.SILENCE: "Stille",
        Reason.NO_SPEECH: "keine Sprache",
        Reason.TOO_SHORT: "zu wenig Stimme",
        Reason.MUSIC: "Musik ohne Sprache",
        Reason.NOISE: "Geräusch ohne Sprache",
        Reason.TONE: "Töne ohne Sprache",
        Reason.CLIPPED: "durchgehend übersteuert",
        Reason.NOT_FINITE: "Werte, die keine Zahlen sind",
        Reason.LITTLE_VOICE: "wenig Stimme",
        Reason.WEAK_EVIDENCE: "schwache Befunde",
        Reason.VARIANTS_DISAGREE: "beide Hörweisen widersprechen sich",
        Reason.OVERLAPPED_SPEECH: "mehrere Stimmen zugleich",
        Reason.OUT_OF_SCOPE: "außerhalb des Geltungsbereichs",
    },
    steps={
        Step.EVEN: "hilft nicht weiter",
        Step.WEAK: "schwache",
        Step.MODERATE: "mäßige",
        Step.MODERATELY_STRONG: "mäßig starke",
        Step.STRONG: "starke",
        Step.VERY_STRONG: "sehr starke",
    },
    strength_bonafide="Die Befunde sind {times} eher zu erwarten, wenn ein Mensch gesprochen hat, "
    "als wenn die Stimme synthetisch ist: {step} Stütze für die Annahme, dass ein Mensch sprach.",
    strength_spoof="Die Befunde sind {times} eher zu erwarten, wenn die Stimme synthetisch ist, "
    "als wenn ein Mensch gesprochen hat: {step} Stütze für die Annahme, dass die Stimme "
    "synthetisch ist.",
    strength_even="Die Befunde sind etwa gleich gut zu erwarten, ob die Stimme synthetisch ist "
    "oder ein Mensch gesprochen hat: Sie helfen nicht weiter.",
    strength_capped="Mehr kann die Prüfung des Verfahrens nicht stützen.",
    spans_sentence="Markiert: {spans} ({seconds} von {total}).",
    in_channels="{total} in {n} Kanälen",
    more_spans="und {count} weitere",
    strongest_span="In der aussagekräftigsten Strecke: {strength}",
    separated_sentence="Für die vom übrigen Ton getrennte Stimme: {strength}",
    rates_sentence="Wie oft ein solches Ergebnis in die Irre führt, gemessen an „{condition}“: Echte "
    "Stimmen synthetisch genannt: {rejected} (aus {n_bonafide} Stücken); synthetische echt "
    "genannt: {accepted} (aus {n_spoof}); entschieden wurde bei {decided} dieser Stücke.",
    conditions={
        "fold 4 (never chosen on)": "zurückgehaltene Prüfung (Teil 4)",
        "inner folds (calibration and thresholds of the other folds)": "innere Prüfungen "
        "(Kalibrierung und Schwellen der anderen Teile)",
        "clean": "sauberer Ton",
        "web": "Web-Codecs",
        "degraded": "verschlechterter Ton",
    },
    condition_voice="mindestens {voice} Stimme",
    span_rates="Für markierte Strecken wurde keine Fehlerrate gemessen, außer dort, wo ihre Schwelle "
    "gesetzt wurde: Dort (innere Teilmengen) zeigt höchstens 1 von 100 echten Stücken von 60 s eine "
    "falsche. Wie oft synthetische Strecken übersehen werden und wie es in einer zurückgehaltenen "
    "Prüfung ausgeht, wurde nicht gemessen.",
    no_rates="Für diese Art Aufnahme und diese Menge Stimme wurden keine Fehlerraten gemessen.",
    likeness_named="Von den Systemen, die das Verfahren kennt, gleicht die synthetische Sprache am "
    "meisten {system}, oder sie stammt von keinem davon: Von Systemen, die es nie kennengelernt hat, "
    "erhalten {rate} Stücken einen Namen. Die Ähnlichkeit ist kein Beleg für den Befund.",
    likeness_unknown="Sie gleicht keinem System, das das Verfahren kennt, genug, um es zu nennen: Das "
    "System ist unbekannt.",
    systems={"codec": "einer Stimme hinter einem neuronalen Codec"},
    errors=MEANINGS,
    unknown_error="Das Stück konnte nicht untersucht werden (Fehlercode {code}).",
    notes={
        "extension_mismatch": "Die Endung des Dateinamens passt nicht zum Inhalt; untersucht wurde "
        "der Inhalt.",
        "metadata_capped": "Die Datei trägt mehr Metadaten, als gelesen werden; der Rest blieb weg.",
        "decode_errors": "Teile der Datei sind beschädigt; was sich dekodieren ließ, wurde "
        "untersucht.",
        "not_finite": "Die Datei enthält Abtastwerte, die keine Zahlen sind; sie blieben weg.",
        "duration_estimated": "",
        "track_out_of_bounds": "Eine Tonspur der Datei ist nicht lesbar oder macht falsche Angaben; die "
        "anderen wurden untersucht.",
        "low_bit_rate": "Der Ton wurde mit der Bitrate eines Telefons oder einer Sprachnachricht "
        "gespeichert: Damit hält das Verfahren echte Sprache öfter für synthetisch. Das"
        " Ergebnis ist mit diesem Vorbehalt zu lesen.",
        "overlapped_speech": "Wo mehrere Stimmen zugleich sprechen, gilt der Befund der lautesten: "
        "Von gleich lauten Paaren aus einer echten und einer synthetischen "
        "Stimme nannte das Verfahren 52 % synthetisch.",
        "reverberant": "Der Ton trägt den langen Nachhall eines Raums oder eines fernen Mikrofons: Damit hält "
        "das Verfahren echte Sprache öfter für synthetisch. Das Ergebnis ist mit diesem Vorbehalt zu lesen.",
        "offset_removed": "Ein gleichbleibender Versatz der Abtastwerte (einer Soundkarte) "
        "wurde vor der Untersuchung entfernt.",
        "offset_stretch_removed": "Stellenweise waren die Abtastwerte gegen null versetzt; das wurde vor "
        "der Untersuchung entfernt.",
        "audio_shorter_than_video": "Der Ton endet vor dem Bild.",
        "incomplete": "Die Datei ist unvollständig.",
    },
    unknown_note="Die Datei trägt den Vermerk {code}.",
    incomplete={
        "incomplete": "Die Datei ist unvollständig: {decoded} von {declared} ließen sich "
        "dekodieren.",
        "audio_shorter_than_video": "Der Ton endet vor dem Bild: {decoded} von {declared}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "untersucht",
        TrackUse.COPY: "eine Kopie eines untersuchten Kanals",
        TrackUse.SILENT: "still",
        TrackUse.SKIPPED: "nicht angesehen (über der Höchstzahl der Kanäle)",
    },
    channel_list="Kanal {channels} der Spur {track}: {use}.",
    quality={
        "narrow_band": "Telefonband",
        "clipping": "Übersteuerung",
        "low_level": "sehr leiser Ton",
        "much_else": "viel anderer Ton neben der Stimme",
        "overlapped_speech": "mehrere Stimmen zugleich",
        "partial": "kürzer als ein Segment",
    },
    quality_sentence="{what} in {seconds} von {total}: mit Vorsicht zu lesen.",
    unscored_sentence="{seconds} von {total} konnten nicht beurteilt werden: {what}.",
    all_scored="Jede Sekunde des untersuchten Tons wurde beurteilt.",
    none_scored="Keine Sekunde der Aufnahme konnte beurteilt werden: {what}.",
    no_sound_seen="Der Ton wurde überhaupt nicht untersucht.",
    times="etwa {times}-mal",
    side_bonafide="Mensch, {times}×",
    side_spoof="synthetisch, {times}×",
    side_even="hilft nicht weiter",
    metrics={
        "act_dcf": "Tatsächliche DCF",
        "hter_transferred": "HTER, übertragene Schwelle",
        "eer": "Gleichfehlerrate (EER)",
        "cllr": "Cllr (0 vollkommen, 1 nutzlos)",
        "min_cllr": "Kleinstmögliches Cllr",
        "auc": "Fläche unter der ROC-Kurve",
    },
    forbidden=(
        "fake",
        "gefälscht",
        "Fälschung",
        "echt",
        "authentisch",
        "Schuld",
        "beweist",
        "Beweis",
        "Wahrscheinlichkeit, dass",
        "wahrscheinlich",
        "vermutlich",
        "sicher",
        "gewiss",
        "%",
    ),
    limits=(
        "Das Ergebnis gilt nur für das hier genannte Stück, in den Bytes mit dem angegebenen SHA-256.",
        "Dass kein Hinweis auf Synthese gefunden wurde, zeigt nicht, dass die Stimme unbearbeitet ist "
        "oder dass nicht ein anderer Mensch sie nachahmt.",
        "Der Bericht sagt nichts darüber, wer spricht, ob das Gesagte wahr ist und ob Teile "
        "geschnitten oder umgestellt wurden.",
        "Das Verfahren kennt die Systeme und Aufnahmebedingungen, an denen es gelernt hat und geprüft "
        "wurde; neue Systeme, starke Kompression, Neuaufnahme über einen Lautsprecher und gezielte "
        "Angriffe können es in beide Richtungen in die Irre führen.",
        "Eine Sekunde Ton sagt wenig. Einzelne Zellen der Zeitleiste zeigen auf Stellen, die man "
        "anhören sollte; das Urteil ruht auf aller Stimme zusammen.",
    ),
    provenance={
        ProvenanceState.ABSENT: "Die Datei trägt keine Herkunftsangaben (C2PA).",
        ProvenanceState.TRUSTED: "Die Datei trägt Herkunftsangaben (C2PA), die zu ihren Bytes "
        "passen, unterzeichnet von {signer}; diese Stelle steht in der Vertrauensliste.",
        ProvenanceState.VALID: "Die Datei trägt Herkunftsangaben (C2PA), die zu ihren Bytes "
        "passen, unterzeichnet von {signer}; für diese Stelle bürgt hier niemand.",
        ProvenanceState.INVALID: "Die Datei trägt Herkunftsangaben (C2PA), die nicht stimmen: Die "
        "Datei wurde nach dem Unterzeichnen verändert, oder die Angaben sind beschädigt.",
        ProvenanceState.ELSEWHERE: "Die Datei nennt Herkunftsangaben (C2PA) auf einem Server; "
        "nichts wurde abgerufen.",
        ProvenanceState.UNREADABLE: "Die Datei trägt Herkunftsangaben (C2PA), die nicht gelesen "
        "werden konnten.",
    },
    opinions={
        Opinion.AGREE: "Die begutachtende Person stimmt dem maschinellen Befund zu.",
        Opinion.DISAGREE: "Die begutachtende Person stimmt dem maschinellen Befund nicht zu.",
        Opinion.INCONCLUSIVE: "Die begutachtende Person kommt zu keinem Schluss.",
    },
    labels={
        "derivation": "Schritt für Schritt, von der Quelle zur Stimme",
        "command": "Befehlszeile",
        "step_input": "Hinein",
        "step_output": "Heraus",
        "machines": "Rechner",
        "requested_at": "Angefragt am",
        "fact_http_status": "HTTP-Status",
        "fact_content_type": "Inhaltstyp",
        "fact_content_length": "Länge des Inhalts",
        "fact_etag": "ETag",
        "fact_last_modified": "An der Quelle zuletzt geändert",
        "fact_server_date": "Uhr des Servers",
        "fact_final_url": "Endgültige Adresse",
        "fact_n_redirects": "Weiterleitungen",
        "signature": "Signatur",
        "signed_by": "Signiert von",
        "certificate": "SHA-256 des Zertifikats",
        "strongest": "Die Sekunden, die am deutlichsten sprechen",
        "clips": "Tonausschnitte neben diesem Bericht",
        "provenance": "Herkunftsangaben in der Datei (C2PA)",
        "provenance_short": "Herkunftsangaben",
        "provenance_signer": "Unterzeichnet von (laut Angaben)",
        "provenance_signed_at": "Unterzeichnet am (laut Angaben)",
        "provenance_generator": "Erzeugt mit (laut Angaben)",
        "provenance_claims": "Aussagen",
        "provenance_problems": "Was nicht stimmt",
        "provenance_tool": "Gelesen mit",
        "provenance_trust": "SHA-256 der Vertrauensliste",
        "review": "Begutachtung",
        "reviewed": "Maschinelles Ergebnis mit Begutachtung",
        "examiner": "Begutachtet von",
        "reviewed_at": "Abgegeben am",
        "review_version": "Fassung",
        "review_about": "Über das JSON mit SHA-256",
        "review_key": "Unterzeichnet mit dem Schlüssel",
        "document_title": "Bericht über synthetische Sprache",
        "brand": "Voice Verity",
        "report_id": "Bericht",
        "page": "Seite",
        "of": "von",
        "not_reviewed": "Maschinell erstellt, von keinem Gutachter geprüft",
        "finding": "Befund",
        "not_examined": "Was nicht untersucht werden konnte",
        "timeline": "Sekunde für Sekunde",
        "analysed": "Was untersucht wurde",
        "not_analysed": "Das Stück",
        "item": "Stück",
        "source": "Quelle",
        "file": "Datei",
        "sha256": "SHA-256",
        "findings_sha256": "SHA-256 der Befunde",
        "duration": "Dauer",
        "sound": "Ton",
        "voice": "Beurteilte Stimme",
        "verdict": "Urteil",
        "method": "Verfahren und gemessene Fehlerraten",
        "propositions": "Die zwei Annahmen",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "Worte für die Stärke der Stütze",
        "scale_times": "So viel Mal eher zu erwarten",
        "scale_words": "Stütze",
        "rates": "Wie oft das Verfahren irrt",
        "rates_condition": "Prüfbedingung",
        "rates_voice": "Stimme, mindestens",
        "rates_rejected": "Echte synthetisch genannt",
        "rates_accepted": "Synthetische echt genannt",
        "rates_decided": "Entschieden",
        "rates_items": "Stücke (echt + synthetisch)",
        "rates_here": "gilt hier",
        "figures": "Andere gemessene Größen",
        "figure_test": "Prüfung",
        "figure_metric": "Maß",
        "figure_value": "Wert",
        "segments": "Segmente",
        "segment_time": "Zeit",
        "segment_where": "Spur.Kanal",
        "segment_variant": "Gehört",
        "segment_count": "Segmente",
        "segment_supports": "Stützt",
        "segment_llr": "LLR (Bereich)",
        "segment_voice": "Stimme",
        "segment_remarks": "Bemerkungen",
        "spans": "Markierte Strecken",
        "custody": "Herkunft und Verarbeitung",
        "models": "Modelle und Versionen",
        "limits": "Grenzen",
        "glossary": "Verwendete Wörter",
        "verify": "Wie dieser Bericht nachgeprüft wird",
        "end": "Ende des Berichts",
        "recorded": "wie aufgenommen",
        "separated": "Stimme getrennt",
        "separated_short": "getrennt",
        "legend_spoof": "stützt synthetisch",
        "legend_bonafide": "stützt Mensch",
        "legend_even": "hilft nicht weiter",
        "legend_unscored": "nicht beurteilt",
        "legend_span": "markierte Strecke",
        "axis_bonafide": "Mensch",
        "axis_spoof": "synthetisch",
        "track": "Spur",
        "channel": "Kanal",
        "acquired_at": "Beschafft am",
        "acquired_by": "Beschafft mit",
        "source_version": "Version der Quelle",
        "original_name": "Name wie erhalten",
        "customer": "Auftraggeber",
        "submitted_by": "Eingereicht von",
        "job": "Auftrag",
        "laboratory": "Labor",
        "attempt": "Versuch",
        "item_id": "Nummer des Stücks",
        "item_labels": "Schlagwörter",
        "list_priority": "Vorrang in der Liste",
        "reused": "Auswertung derselben Bytes, übernommen von",
        "analysed_at": "Untersucht am",
        "issued_at": "Ausgestellt am",
        "failure": "Was misslang",
        "failure_code": "Fehlercode",
        "failure_stage": "Stufe",
        "step": "Schritt",
        "tool": "Werkzeug",
        "seconds": "Sekunden",
        "model": "Modell",
        "role": "Aufgabe",
        "provider": "Läuft auf",
        "options": "Optionen",
        "trained_on": "Lerndaten",
        "generators": "Systeme in den Lerndaten",
        "cutoff": "Neueste Lerndaten",
        "languages": "Sprachen in den Lerndaten",
        "licence": "Lizenz des Modells",
        "none": "keine",
        "unknown": "unbekannt",
        "attachments": "Diesem PDF beigefügt",
        "attached_json": "Alle Befunde, maschinenlesbar",
        "attached_csv": "Eine Zeile je Segment",
        "steps": "Gebrauchte Zeit",
    },
    paragraphs={
        "spectrogram": "Unter den Zellen: der Ton selbst als Spektrogramm, 0 bis {top} kHz, "
        "dunkler wo er lauter ist. Es zeigt, was zu hören ist, nicht, woran sich der Detektor "
        "hielt.",
        "spectrogram_alt": "Darunter ein Spektrogramm desselben Tons, 0 bis {top} kHz.",
        "strongest_text": "Einfache Spektrogramme der aufgenommenen Sekunden, deren Werte auf "
        "beiden Seiten am weitesten außen liegen, 0 bis 8 kHz, tiefe Frequenzen unten. Sie "
        "zeigen den Ton, nicht, wonach der Detektor ging: Das steht dort, wo die Option "
        "„explain“ gesetzt war. Eine einzelne Sekunde sagt wenig.",
        "strongest_explained": "Spektrogramme der aufgenommenen Sekunden, deren Werte auf beiden "
        "Seiten am weitesten außen liegen, 0 bis 8 kHz, tiefe Frequenzen unten. Jeder der {n} "
        "Teile einer Sekunde wurde einmal verdeckt (durch das Mittel der Sekunde ersetzt) und "
        "der Wert neu bestimmt. Balken über der Linie, blau: Dieser Teil sprach für einen "
        "Menschen; darunter, orange: für synthetisch; ein voller Balken ist eine Änderung des "
        "LLR um {reach}. Das zeigt, woher der Wert kam, nicht, wo etwas erzeugt oder verändert "
        "wurde. Die Teile wirken zusammen, die Änderungen summieren sich also nicht; und schon "
        "das Verdecken rückt die Stimme eines Menschen eher zu synthetisch hin: Man vergleiche "
        "die Teile miteinander. Eine einzelne Sekunde sagt wenig.",
        "strongest_alt": "Spektrogramm der Sekunde {time}, 0 bis {top} kHz.",
        "occlusion_alt": "Änderung des LLR, wenn je einer der {n} Teile verdeckt ist, in "
        "zeitlicher Folge: {changes}.",
        "derivation_text": "MEDIA steht für die beschaffte Datei. Die Prüfsumme nach „decode“ "
        "gilt den Bytes, die diese Befehlszeile schreibt, die nach „separate“ der Stimme, die die "
        "Maske übrig ließ, als float32-Werte.",
        "cores": "{n} Kerne",
        "signed": "PDF und JSON sind signiert. Eine gültige Signatur zeigt, dass seitdem kein "
        "Byte geändert wurde. Wer den Schlüssel hat, sagt allein der SHA-256 des Zertifikats: mit "
        "einem vergleichen, der auf anderem Weg kam.",
        "unsigned": "Dieser Bericht wurde ohne Signatur ausgestellt.",
        "verify_signature": "Signatur. verity verify mit diesem PDF aufrufen, oder mit dem JSON "
        "und seiner .jws-Datei daneben; jedes PDF-Programm und jede JWS-Bibliothek prüft sie auch.",
        "provenance_absence": "Dass solche Angaben fehlen, besagt nichts: Die meisten Dateien "
        "tragen keine, und sie sind leicht zu entfernen.",
        "provenance_note": "Was die unterzeichnende Stelle angibt, wurde nicht geprüft und gehört "
        "nicht zum Befund.",
        "provenance_synthetic": "Die unterzeichnende Stelle gibt an, dass der Inhalt ganz oder "
        "teilweise von einem trainierten Modell erzeugt wurde.",
        "review_note": "Der maschinelle Befund oben ist unverändert; die Begutachtung ist die "
        "eigene Meinung der begutachtenden Person.",
        "hp_bonafide": "Die Stimme ist Sprache eines Menschen, aufgenommen und übertragen.",
        "hp_spoof": "Die Stimme wurde von einem Sprachsynthesesystem erzeugt oder umgewandelt.",
        "method": "Der Ton wird auf {sample_rate} Hz dekodiert und in Segmente von {segment} "
        "geschnitten, eines alle {hop}. Ein Maskennetz findet, wo Stimme ist und wie viel anderer Ton "
        "da ist. Segmente mit Stimme gehen durch den Detektor „{model}“; seine Punktwerte werden durch "
        "eine Kalibrierung an zurückgehaltenen Aufnahmen zu Likelihood-Quotienten. Beurteilt wird die "
        "Aufnahme wie sie ist, mit dem übrigen Ton. Segmente zeigen, wo; das Urteil fasst alle "
        "beurteilte Stimme zusammen.",
        "method_none": "Nichts wurde beurteilt; deshalb wurde kein Verfahren angewandt, und zu diesem "
        "Stück gehören keine Fehlerraten.",
        "decision": "Entscheidungsregel: Verlangt werden mindestens {min_voiced} beurteilter Stimme. "
        "Die Stimme wird synthetisch genannt, wenn das zusammengefasste LLR unter {synthetic} liegt; "
        "kein Hinweis auf Synthese wird berichtet, wenn es über {no_evidence} liegt; dazwischen ist die "
        "Antwort „nicht entscheidbar“. Teilweise synthetisch wird sie genannt, wenn Fenster von "
        "{span_window} aufeinanderfolgender beurteilter Segmente ein zusammengefasstes LLR unter {span} "
        "haben, strenger mit der Länge (minus ln(Sekunden Stimme / 60) bei mehr als 60 s Stimme in einem "
        "Kanal), während mindestens {span_window} anderer Stimme bleiben, deren zusammengefasstes LLR "
        "über {synthetic} liegt; finden sich solche Fenster, ohne dass dies gilt, wird nie „kein Hinweis "
        "auf Synthese“ berichtet. Was diese Regel wagt, zeigt die Tabelle unten, außer für markierte "
        "Strecken, die sie nicht umfasst.",
        "threshold": "{llr} ({times}-mal zugunsten von {side})",
        "cap": "Nichts in diesem Bericht wird mehr als {limit}-mal eher zu erwarten genannt: Die Prüfung "
        "hatte zu wenige unabhängige Stimmen und Systeme, um mehr zu stützen.",
        "scale": "Der Bericht sagt, wievielmal eher die Befunde unter der einen Annahme zu erwarten sind "
        "als unter der anderen. Er sagt nicht, wie wahrscheinlich eine Annahme ist: Das hängt auch von "
        "allem ab, was sonst über den Fall bekannt ist. Nahe 1 helfen die Befunde nicht weiter.",
        "rates": "Anteile an allen Prüfstücken der Klasse, unentschiedene eingeschlossen, bei den hier "
        "benutzten Schwellen. Die zurückgehaltene Prüfung blieb liegen, bis "
        "alles gewählt war; wo Schwellen gesetzt wurden, schmeicheln die Raten. Von den Prüfungen mit so "
        "viel Stimme wie in diesem Stück gilt die Zeile, deren zwei Raten die größte Summe haben.",
        "timeline": "Jede Zelle ist {cell}; ihre Farbe sagt, welche Annahme der Ton stützt und wie "
        "stark.",
        "timeline_lanes": "Eine Zeile je Spur.Kanal, und eine für die getrennte Stimme, wo sie beurteilt "
        "wurde.",
        "timeline_curve": "Die Linie ist das gleitende Mittel über {window}.",
        "cell_one": "eine Sekunde",
        "cell_many": "{length}",
        "declared": "; der Container gibt {declared} an",
        "track": "Spur {track}: {codec}, {rate} Hz, {channels} Kan., untersucht: {used}",
        "timeline_alt": "Zeitleiste von {total}: {spoof} der beurteilten Zellen stützen, dass die Stimme "
        "synthetisch ist, {bonafide} stützen, dass ein Mensch sprach, {neither} helfen nicht weiter, "
        "{unscored} konnten nicht beurteilt werden.",
        "segments_all": "Jedes Segment hat eine Zeile.",
        "segments_folded": "Benachbarte Segmente, die dasselbe sagen, sind zu einer Zeile gefaltet; jedes "
        "einzelne Segment steht in den beigefügten CSV- und JSON-Dateien.",
        "segments_binned": "{n} Segmente, gefaltet zu Strecken von {window}; jedes einzelne Segment steht "
        "in den beigefügten CSV- und JSON-Dateien.",
        "segments_sign": "LLR ist der natürliche Logarithmus des Likelihood-Quotienten (bei gefalteten "
        "Zeilen das Mittel, dann kleinster bis größter Wert): positiv stützt, dass ein Mensch sprach, "
        "negativ, dass die Stimme synthetisch ist. „Stimme“ ist der Anteil der Zeit mit Stimme. Spuren "
        "und Kanäle zählen hier ab 1, in CSV und JSON ab 0.",
        "segments_none": "Kein Segment wurde beurteilt.",
        "verify_media": "Medium. Den SHA-256 der Datei berechnen und mit dem Wert auf Seite 1 vergleichen "
        "(etwa mit sha256sum). Ein anderer Wert bedeutet, dass andere Bytes untersucht wurden.",
        "verify_findings": "Befunde. „findings“ aus dem beigefügten report.json nehmen und den SHA-256 "
        "über die kanonische Form (RFC 8785) berechnen; er muss dem Wert unten gleichen, wie die "
        "Befehlszeile unten zeigt.",
        "verify_repeat": "Wiederholen. Dieselben Bytes mit denselben Modelldateien (SHA-256 oben) und "
        "Optionen auf derselben Art Prozessor noch einmal untersuchen: Der SHA-256 der Befunde kommt "
        "gleich heraus.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json (alle Befunde, maschinenlesbar, Schema report-v1) und segments.csv "
        "(eine Zeile je Segment).",
        "exclusions": "Die Originaldatei wurde nicht verändert. Dieser Bericht darf nur vollständig "
        "wiedergegeben werden.",
    },
    glossary=(
        (
            "Bona fide",
            "Sprache eines Menschen, aufgenommen und übertragen; darf bearbeitet oder "
            "komprimiert sein.",
        ),
        ("Synthetisch", "Sprache aus Text-zu-Sprache oder Stimmumwandlung."),
        (
            "Likelihood-Quotient (LR)",
            "Wievielmal eher die Befunde unter der einen Annahme zu erwarten "
            "sind als unter der anderen. LLR ist sein natürlicher Logarithmus, bona fide über "
            "synthetisch.",
        ),
        ("Segment", "Eine Sekunde eines Kanals, die gezeigte Einheit."),
        (
            "CM-Punktwert",
            "Die Rohzahl des Detektors vor der Kalibrierung; höher heißt mehr wie "
            "Sprache eines Menschen.",
        ),
        ("Zusammengefasst", "Alle beurteilten Segmente gemeinsam; darauf ruht das Urteil."),
        ("Getrennte Stimme", "Die Aufnahme, nachdem eine Maske anderen Ton entfernt hat."),
        ("SHA-256", "Eine Prüfsumme, die sich ändert, wenn sich ein Bit der Datei ändert."),
    ),
)
