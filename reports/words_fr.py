"""Every sentence of a report in French."""

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_fr import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Words

FRENCH: Final = Words(
    language="fr",
    share="{number} sur 100",
    between="{low} à {high}",
    span_channel="canal {place}",
    bytes_form="{number} octets",
    headlines={
        VerdictKind.NO_EVIDENCE: "Aucun indice de synthèse n’a été trouvé dans la voix.",
        VerdictKind.SYNTHETIC: "Des indices de synthèse ont été trouvés dans la voix.",
        VerdictKind.PARTLY_SYNTHETIC: "Des indices de synthèse ont été trouvés dans une partie de la "
        "voix.",
        VerdictKind.INCONCLUSIVE: "Non concluant : on ne peut pas dire si la voix est synthétique.",
        VerdictKind.NOT_APPLICABLE: "Sans objet : il n’y a ici aucune voix qui puisse être évaluée.",
    },
    failed_headline="Non analysé : rien ne peut être dit de cet élément.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "Le fichier n’a pas de piste audio.",
        Reason.SILENCE: "L’enregistrement est silencieux.",
        Reason.NO_SPEECH: "Il y a du son, mais aucune parole n’y a été trouvée.",
        Reason.TOO_SHORT: "Il y a moins de 1 s de voix, trop peu pour dire quoi que ce soit.",
        Reason.MUSIC: "L’enregistrement contient de la musique, mais aucune parole n’y a été trouvée.",
        Reason.NOISE: "L’enregistrement contient du bruit, mais aucune parole n’y a été trouvée.",
        Reason.TONE: "L’enregistrement contient des sons purs, mais aucune parole n’y a été trouvée.",
        Reason.CLIPPED: "Le son est entièrement saturé : chaque échantillon est au maximum.",
        Reason.NOT_FINITE: "Le fichier contient des échantillons qui ne sont pas des nombres.",
        Reason.LITTLE_VOICE: "Il y a trop peu de voix pour décider ({voiced}).",
        Reason.WEAK_EVIDENCE: "Les résultats tombent dans la zone où cette méthode se trompe trop "
        "souvent pour décider.",
        Reason.VARIANTS_DISAGREE: "L’enregistrement tel quel et la voix séparée ne mènent pas à la "
        "même décision ; aucune n’a donc été prise.",
        Reason.OVERLAPPED_SPEECH: "Dans la plupart des secondes jugées, plusieurs voix parlent à la "
        "fois : les résultats sont ceux de la plus forte et disent peu des autres. "
        "Rien n’a donc été décidé.",
        Reason.OUT_OF_SCOPE: "L’enregistrement ne ressemble à rien de ce sur quoi la méthode a été "
        "testée.",
    },
    segment_reasons={
        Reason.NONE: "non évalué",
        Reason.NO_AUDIO: "pas de son",
        Reason.SILENCE: "silence",
        Reason.NO_SPEECH: "pas de parole",
        Reason.TOO_SHORT: "trop peu de voix",
        Reason.MUSIC: "musique sans parole",
        Reason.NOISE: "bruit sans parole",
        Reason.TONE: "sons purs sans parole",
        Reason.CLIPPED: "entièrement saturé",
        Reason.NOT_FINITE: "échantillons qui ne sont pas des nombres",
        Reason.LITTLE_VOICE: "peu de voix",
        Reason.WEAK_EVIDENCE: "indices faibles",
        Reason.VARIANTS_DISAGREE: "les deux écoutes divergent",
        Reason.OVERLAPPED_SPEECH: "plusieurs voix à la fois",
        Reason.OUT_OF_SCOPE: "hors du domaine de la méthode",
    },
    steps={
        Step.EVEN: "n’aide pas à trancher",
        Step.WEAK: "faible",
        Step.MODERATE: "modéré",
        Step.MODERATELY_STRONG: "modérément fort",
        Step.STRONG: "fort",
        Step.VERY_STRONG: "très fort",
    },
    strength_bonafide="Les résultats sont {times} plus attendus si une personne a parlé que si la voix "
    "est synthétique : soutien {step} à la proposition qu’une personne a parlé.",
    strength_spoof="Les résultats sont {times} plus attendus si la voix est synthétique que si une "
    "personne a parlé : soutien {step} à la proposition que la voix est synthétique.",
    strength_even="Les résultats sont à peu près aussi attendus si la voix est synthétique que si une "
    "personne a parlé : ils n’aident pas à trancher.",
    strength_capped="C’est le maximum que la validation de la méthode permet de soutenir.",
    spans_sentence="Marqué : {spans} ({seconds} sur {total}).",
    in_channels="{total} dans {n} canaux",
    more_spans="et {count} de plus",
    strongest_span="Dans le passage le plus parlant : {strength}",
    separated_sentence="Pour la voix séparée des autres sons : {strength}",
    rates_sentence="À quelle fréquence un tel résultat trompe, mesuré sur « {condition} » : voix "
    "authentiques dites synthétiques, {rejected} (de {n_bonafide} éléments) ; synthétiques dites "
    "authentiques, {accepted} (de {n_spoof}) ; une décision a été rendue pour {decided} de ces éléments.",
    conditions={
        "fold 4 (never chosen on)": "test mis de côté (pli 4)",
        "inner folds (calibration and thresholds of the other folds)": "tests internes "
        "(calibration et seuils des autres plis)",
        "clean": "son propre",
        "web": "codecs du web",
        "degraded": "son dégradé",
    },
    condition_voice="au moins {voice} de voix",
    span_rates="Aucun taux d’erreur n’a été mesuré pour les passages marqués, sauf là où leur seuil a "
    "été fixé : là (sous-ensembles internes), au plus 1 élément authentique de 60 s sur 100 en montre un "
    "faux. Combien de passages synthétiques échappent, et ce que donne un test mis de côté, n’a pas été "
    "mesuré.",
    no_rates="Aucun taux d’erreur n’a été mesuré pour ce genre d’enregistrement et cette quantité de "
    "voix.",
    likeness_named="Parmi les systèmes que la méthode connaît, la parole synthétique ressemble le plus "
    "à {system}, ou ne vient d’aucun d’eux : pour des systèmes jamais rencontrés, {rate} éléments "
    "reçoivent un nom. La ressemblance n’est pas un indice à l’appui du résultat.",
    likeness_unknown="Elle ne ressemble assez à aucun système que la méthode connaît pour le nommer : le "
    "système est inconnu.",
    systems={"codec": "une voix passée par un codec neuronal"},
    errors=MEANINGS,
    unknown_error="L’élément n’a pas pu être analysé (code d’erreur {code}).",
    notes={
        "extension_mismatch": "L’extension du nom ne correspond pas au contenu ; c’est le contenu qui a "
        "été analysé.",
        "metadata_capped": "Le fichier porte plus de métadonnées qu’il n’en est lu ; le reste a été "
        "laissé de côté.",
        "decode_errors": "Des parties du fichier sont abîmées ; ce qui a pu être décodé a été analysé.",
        "not_finite": "Le fichier contient des échantillons qui ne sont pas des nombres ; ils ont été "
        "laissés de côté.",
        "duration_estimated": "",
        "track_out_of_bounds": "Une piste audio du fichier est illisible ou se décrit faussement ; les autres "
        "ont été analysées.",
        "low_bit_rate": "Le son a été enregistré au débit d’un téléphone ou d’un message vocal : la "
        "méthode y prend plus souvent une voix authentique pour une voix de synthèse. "
        "Lire le résultat avec cette réserve.",
        "overlapped_speech": "Là où plusieurs voix parlent à la fois, le résultat est celui de la "
        "plus forte : parmi des paires d’une voix authentique et d’une voix de "
        "synthèse de même niveau, la méthode en a dit 52 % synthétiques.",
        "reverberant": "Le son porte la longue réverbération d’une pièce ou d’un microphone éloigné : la méthode "
        "y prend plus souvent une voix authentique pour une voix de synthèse. Lire le résultat avec cette réserve.",
        "offset_removed": "Un décalage constant des échantillons (d’une carte son) a été "
        "retiré avant l’analyse.",
        "offset_stretch_removed": "Par endroits, les échantillons étaient décalés par rapport à zéro ; "
        "ce décalage a été retiré avant l’analyse.",
        "audio_shorter_than_video": "Le son finit avant l’image.",
        "incomplete": "Le fichier est incomplet.",
    },
    unknown_note="Le fichier porte la remarque {code}.",
    incomplete={
        "incomplete": "Le fichier est incomplet : {decoded} sur {declared} ont pu être décodés.",
        "audio_shorter_than_video": "Le son finit avant l’image : {decoded} sur {declared}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "analysé",
        TrackUse.COPY: "copie d’un canal analysé",
        TrackUse.SILENT: "silencieux",
        TrackUse.SKIPPED: "non examiné (au-delà de la limite de canaux)",
    },
    channel_list="Canal {channels} de la piste {track} : {use}.",
    quality={
        "narrow_band": "bande téléphonique",
        "clipping": "saturation",
        "low_level": "niveau très faible",
        "much_else": "beaucoup d’autres sons à côté de la voix",
        "overlapped_speech": "plusieurs voix à la fois",
        "partial": "plus court qu’un segment",
    },
    quality_sentence="{what} pendant {seconds} sur {total} : à lire avec prudence.",
    unscored_sentence="{seconds} sur {total} n’ont pas pu être évalués : {what}.",
    all_scored="Chaque seconde du son analysé a été évaluée.",
    none_scored="Aucune seconde de l’enregistrement n’a pu être évaluée : {what}.",
    no_sound_seen="Le son n’a pas été examiné du tout.",
    times="environ {times} fois",
    side_bonafide="personne, {times}×",
    side_spoof="synthétique, {times}×",
    side_even="n’aide pas",
    metrics={
        "act_dcf": "DCF effectif",
        "hter_transferred": "HTER, seuil transféré",
        "eer": "Taux d’égale erreur (EER)",
        "cllr": "Cllr (0 parfait, 1 inutile)",
        "min_cllr": "Cllr minimal possible",
        "auc": "Aire sous la courbe ROC",
    },
    forbidden=(
        "faux",
        "fausse",
        "fake",
        "deepfake",
        "hypertrucage",
        "authentique",
        "véritable",
        "réelle",
        "culpabilité",
        "coupable",
        "prouve",
        "preuve",
        "probabilité que",
        "probablement",
        "probable",
        "certain",
        "certaine",
        "sûr",
        "%",
    ),
    limits=(
        "Le résultat ne vaut que pour l’élément nommé ici, dans les octets dont le SHA-256 est donné.",
        "Ne trouver aucun indice de synthèse ne montre pas que la voix n’est pas retouchée, ni qu’il ne "
        "s’agit pas d’une autre personne qui imite.",
        "Le rapport ne dit rien de qui parle, de la vérité des paroles, ni de parties coupées ou "
        "réarrangées.",
        "La méthode connaît les générateurs et les conditions d’enregistrement sur lesquels elle a été "
        "entraînée et testée ; de nouveaux générateurs, une forte compression, un réenregistrement par "
        "haut-parleur et des attaques délibérées peuvent la tromper dans les deux sens.",
        "Une seconde de son dit peu. Les cases isolées de la frise montrent des endroits à écouter ; le "
        "verdict repose sur toute la voix ensemble.",
    ),
    provenance={
        ProvenanceState.ABSENT: "Le fichier ne porte pas de données de provenance (C2PA).",
        ProvenanceState.TRUSTED: "Le fichier porte des données de provenance (C2PA) qui concordent "
        "avec ses octets, signées par {signer}, qui figure sur la liste de confiance.",
        ProvenanceState.VALID: "Le fichier porte des données de provenance (C2PA) qui concordent "
        "avec ses octets, signées par {signer} ; personne ici ne répond de ce signataire.",
        ProvenanceState.INVALID: "Le fichier porte des données de provenance (C2PA) qui ne "
        "concordent pas : le fichier a été modifié après la signature, ou les données sont "
        "endommagées.",
        ProvenanceState.ELSEWHERE: "Le fichier renvoie à des données de provenance (C2PA) sur un "
        "serveur ; rien n’a été téléchargé.",
        ProvenanceState.UNREADABLE: "Le fichier porte des données de provenance (C2PA) qui n’ont "
        "pas pu être lues.",
    },
    opinions={
        Opinion.AGREE: "L’expert est d’accord avec le constat automatique.",
        Opinion.DISAGREE: "L’expert n’est pas d’accord avec le constat automatique.",
        Opinion.INCONCLUSIVE: "L’expert n’aboutit à aucune conclusion.",
    },
    labels={
        "derivation": "Pas à pas, de la source à la voix",
        "command": "Ligne de commande",
        "step_input": "Entrée",
        "step_output": "Sortie",
        "machines": "Machines",
        "requested_at": "Demandé le",
        "fact_http_status": "Statut HTTP",
        "fact_content_type": "Type de contenu",
        "fact_content_length": "Longueur du contenu",
        "fact_etag": "ETag",
        "fact_last_modified": "Dernière modification à la source",
        "fact_server_date": "Horloge du serveur",
        "fact_final_url": "Adresse finale",
        "fact_n_redirects": "Redirections",
        "signature": "Signature",
        "signed_by": "Signé par",
        "certificate": "SHA-256 du certificat",
        "strongest": "Les secondes qui parlent le plus clairement",
        "clips": "Extraits sonores joints à côté de ce rapport",
        "provenance": "Données de provenance dans le fichier (C2PA)",
        "provenance_short": "Données de provenance",
        "provenance_signer": "Signataire, selon les données",
        "provenance_signed_at": "Date de signature, selon les données",
        "provenance_generator": "Créé avec, selon les données",
        "provenance_claims": "Déclarations",
        "provenance_problems": "Ce qui ne concorde pas",
        "provenance_tool": "Lu avec",
        "provenance_trust": "SHA-256 de la liste de confiance",
        "review": "Avis de l’expert",
        "reviewed": "Résultat automatique avec l’avis d’un expert",
        "examiner": "Expert",
        "reviewed_at": "Donné le",
        "review_version": "Version",
        "review_about": "Au sujet du JSON de SHA-256",
        "review_key": "Signé avec la clé",
        "document_title": "Rapport sur la parole synthétique",
        "brand": "Voice Verity",
        "report_id": "Rapport",
        "page": "Page",
        "of": "sur",
        "not_reviewed": "Résultat de machine, non revu par un expert",
        "finding": "Résultat",
        "not_examined": "Ce qui n’a pas pu être examiné",
        "timeline": "Seconde par seconde",
        "analysed": "Ce qui a été analysé",
        "not_analysed": "L’élément",
        "item": "Élément",
        "source": "Source",
        "file": "Fichier",
        "sha256": "SHA-256",
        "findings_sha256": "SHA-256 des résultats",
        "duration": "Durée",
        "sound": "Son",
        "voice": "Voix évaluée",
        "verdict": "Verdict",
        "method": "Méthode et taux d’erreur mesurés",
        "propositions": "Les deux propositions",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "Mots pour la force du soutien",
        "scale_times": "Fois plus attendu",
        "scale_words": "Soutien",
        "rates": "À quelle fréquence la méthode se trompe",
        "rates_condition": "Condition de test",
        "rates_voice": "Voix, au moins",
        "rates_rejected": "Authentique dite synthétique",
        "rates_accepted": "Synthétique dite authentique",
        "rates_decided": "Décidés",
        "rates_items": "Éléments (authentiques + synthétiques)",
        "rates_here": "vaut ici",
        "figures": "Autres valeurs mesurées",
        "figure_test": "Test",
        "figure_metric": "Mesure",
        "figure_value": "Valeur",
        "segments": "Segments",
        "segment_time": "Temps",
        "segment_where": "Piste.canal",
        "segment_variant": "Écoute",
        "segment_count": "Segments",
        "segment_supports": "Soutient",
        "segment_llr": "LLR (étendue)",
        "segment_voice": "Voix",
        "segment_remarks": "Remarques",
        "spans": "Passages marqués",
        "custody": "Provenance et traitement",
        "models": "Modèles et versions",
        "limits": "Limites",
        "glossary": "Mots employés",
        "verify": "Comment vérifier ce rapport",
        "end": "Fin du rapport",
        "recorded": "tel qu’enregistré",
        "separated": "voix séparée",
        "separated_short": "séparée",
        "legend_spoof": "soutient synthétique",
        "legend_bonafide": "soutient personne",
        "legend_even": "n’aide pas",
        "legend_unscored": "non évalué",
        "legend_span": "passage marqué",
        "axis_bonafide": "personne",
        "axis_spoof": "synthétique",
        "track": "Piste",
        "channel": "canal",
        "acquired_at": "Obtenu le",
        "acquired_by": "Obtenu avec",
        "source_version": "Version de la source",
        "original_name": "Nom reçu",
        "customer": "Client",
        "submitted_by": "Soumis par",
        "job": "Tâche",
        "laboratory": "Laboratoire",
        "attempt": "Tentative",
        "item_id": "Numéro de l’élément",
        "item_labels": "Étiquettes",
        "list_priority": "Priorité dans la liste",
        "reused": "Analyse des mêmes octets, reprise de",
        "analysed_at": "Analysé le",
        "issued_at": "Émis le",
        "failure": "Ce qui a échoué",
        "failure_code": "Code d’erreur",
        "failure_stage": "Étape",
        "step": "Étape",
        "tool": "Outil",
        "seconds": "Secondes",
        "model": "Modèle",
        "role": "Rôle",
        "provider": "S’exécute sur",
        "options": "Options",
        "trained_on": "Données d’entraînement",
        "generators": "Générateurs à l’entraînement",
        "cutoff": "Données d’entraînement les plus récentes",
        "languages": "Langues à l’entraînement",
        "licence": "Licence du modèle",
        "none": "aucun",
        "unknown": "inconnu",
        "attachments": "Joint à ce PDF",
        "attached_json": "Tous les résultats, lisibles par machine",
        "attached_csv": "Une ligne par segment",
        "steps": "Temps passé",
    },
    paragraphs={
        "spectrogram": "Sous les cellules : le son lui-même en spectrogramme, de 0 à {top} kHz, "
        "plus sombre là où il est plus fort. Il montre ce que l'on entend, non ce sur quoi le "
        "détecteur s'est fondé.",
        "spectrogram_alt": "Au-dessous, un spectrogramme du même son, de 0 à {top} kHz.",
        "strongest_text": "Spectrogrammes simples des secondes enregistrées dont les valeurs "
        "sont les plus extrêmes de chaque côté, de 0 à 8 kHz, basses fréquences en bas. Ils "
        "montrent le son, non ce sur quoi le détecteur s’est appuyé : cela est indiqué là où "
        "l’option « explain » a été demandée. Une seule seconde dit peu.",
        "strongest_explained": "Spectrogrammes des secondes enregistrées dont les valeurs sont "
        "les plus extrêmes de chaque côté, de 0 à 8 kHz, basses fréquences en bas. Chacune des "
        "{n} parties d’une seconde a été masquée à son tour (remplacée par la moyenne de la "
        "seconde) et la valeur recalculée. Barre au-dessus de la ligne, bleue : cette partie "
        "parlait pour une personne ; au-dessous, orange : pour une voix synthétique ; une barre "
        "pleine est un changement du LLR de {reach}. Cela montre d’où venait la valeur, non où "
        "quelque chose a été créé ou modifié. Les parties agissent ensemble : les changements ne "
        "s’additionnent pas ; et le seul masquage tend à rapprocher la voix d’une personne du "
        "synthétique : comparez les parties entre elles. Une seule seconde dit peu.",
        "strongest_alt": "Spectrogramme de la seconde {time}, de 0 à {top} kHz.",
        "occlusion_alt": "Changement du LLR quand chacune de ses {n} parties est masquée, dans "
        "l’ordre du temps : {changes}.",
        "derivation_text": "MEDIA désigne le fichier obtenu. La somme après « decode » porte sur "
        "les octets qu'écrit cette ligne de commande, celle après « separate » sur la voix que le "
        "masque a laissée, en échantillons float32.",
        "cores": "{n} cœurs",
        "signed": "Le PDF et le JSON sont signés. Une signature valide montre qu'aucun octet n'a "
        "changé depuis. Qui détient la clé n'est connu que par le SHA-256 du certificat : "
        "comparez-le à celui que vous avez reçu par une autre voie.",
        "unsigned": "Ce rapport a été établi sans signature.",
        "verify_signature": "Signature. Lancez verity verify avec ce PDF, ou avec le JSON et son "
        "fichier .jws à côté ; tout lecteur PDF et toute bibliothèque JWS la vérifient aussi.",
        "provenance_absence": "L’absence de telles données ne signifie rien : la plupart des "
        "fichiers n’en portent pas, et elles sont faciles à retirer.",
        "provenance_note": "Ce que déclare le signataire n’a pas été vérifié et ne fait pas partie "
        "des constats.",
        "provenance_synthetic": "Le signataire déclare que le contenu a été créé, en tout ou en "
        "partie, par un modèle entraîné.",
        "review_note": "Le constat automatique ci-dessus est inchangé ; l’avis est celui de "
        "l’expert.",
        "hp_bonafide": "La voix est la parole d’une personne, enregistrée et transmise.",
        "hp_spoof": "La voix a été faite ou convertie par un système de synthèse de parole.",
        "method": "Le son est décodé à {sample_rate} Hz et découpé en segments de {segment}, un tous les "
        "{hop}. Un réseau de masque trouve où il y a de la voix et combien il y a d’autre son. Les "
        "segments avec voix passent par le détecteur « {model} » ; une calibration sur des "
        "enregistrements mis de côté change ses scores en rapports de vraisemblance. On juge "
        "l’enregistrement tel quel, autres sons compris. Les segments montrent où ; le verdict réunit "
        "toute la voix évaluée.",
        "method_none": "Rien n’a été évalué ; aucune méthode n’a donc été appliquée et aucun taux "
        "d’erreur ne se rapporte à cet élément.",
        "decision": "Règle de décision : il faut au moins {min_voiced} de voix évaluée. La voix est dite "
        "synthétique quand le LLR d’ensemble est sous {synthetic} ; aucun indice de synthèse n’est "
        "signalé quand il dépasse {no_evidence} ; entre les deux la réponse est non concluante. Elle est "
        "dite partiellement synthétique quand des fenêtres de {span_window} de segments évalués "
        "consécutifs ont un LLR d’ensemble sous {span}, plus sévère avec la longueur (moins "
        "ln(secondes de voix / 60) au-delà de 60 s de voix dans un canal), tandis qu’il reste au moins "
        "{span_window} d’autre voix dont le LLR d’ensemble dépasse {synthetic} ; si de telles fenêtres "
        "existent sans que cela soit rempli, l’absence d’indice n’est jamais signalée. Ce que cette règle "
        "risque est dans le tableau ci-dessous, sauf pour les passages marqués, qu’il ne couvre pas.",
        "threshold": "{llr} ({times} fois en faveur de {side})",
        "cap": "Rien dans ce rapport n’est dit plus de {limit} fois plus attendu : la validation avait trop "
        "peu de voix et de générateurs indépendants pour soutenir davantage.",
        "scale": "Le rapport dit combien de fois plus attendus sont les résultats sous une proposition que "
        "sous l’autre. Il ne dit pas combien une proposition est probable : cela dépend aussi de tout ce "
        "que l’on sait par ailleurs de l’affaire. Près de 1, les résultats n’aident pas à trancher.",
        "rates": "Parts de tous les éléments de test de la classe, indécis compris, aux seuils employés "
        "ici. Le test mis de côté l’est resté jusqu’à ce que tout soit choisi ; là où "
        "des seuils ont été fixés, les taux flattent. Des tests avec autant de voix que cet élément, "
        "vaut la ligne dont les deux taux ont la plus grande somme.",
        "timeline": "Chaque case dure {cell} ; sa couleur dit quelle proposition le son soutient, et avec "
        "quelle force.",
        "timeline_lanes": "Une ligne par piste.canal, et une pour la voix séparée là où elle a été évaluée.",
        "timeline_curve": "La ligne est la moyenne mobile sur {window}.",
        "cell_one": "une seconde",
        "cell_many": "{length}",
        "declared": " ; le conteneur annonce {declared}",
        "track": "piste {track} : {codec}, {rate} Hz, {channels} can., analysé : {used}",
        "timeline_alt": "Frise de {total} : {spoof} des cases évaluées soutiennent que la voix est "
        "synthétique, {bonafide} soutiennent qu’une personne a parlé, {neither} n’aident pas, {unscored} "
        "n’ont pas pu être évaluées.",
        "segments_all": "Chaque segment a une ligne.",
        "segments_folded": "Les segments voisins qui disent la même chose sont pliés en une ligne ; chaque "
        "segment est dans le CSV et le JSON joints.",
        "segments_binned": "{n} segments, pliés en tronçons de {window} ; chaque segment est dans le CSV et "
        "le JSON joints.",
        "segments_sign": "LLR est le logarithme naturel du rapport de vraisemblance (pour une ligne pliée la "
        "moyenne, puis du plus petit au plus grand) : positif soutient qu’une personne a parlé, négatif que "
        "la voix est synthétique. « Voix » est la part du temps qui contient de la voix. Pistes et canaux "
        "comptent ici à partir de 1, dans CSV et JSON à partir de 0.",
        "segments_none": "Aucun segment n’a été évalué.",
        "verify_media": "Média. Calculez le SHA-256 du fichier et comparez-le à la valeur de la page 1 (par "
        "exemple avec sha256sum). Une autre valeur signifie que d’autres octets ont été analysés.",
        "verify_findings": "Résultats. Prenez “findings” dans le report.json joint et calculez le SHA-256 de "
        "sa forme canonique (RFC 8785) ; il doit égaler la valeur ci-dessous, comme le montre la commande "
        "ci-dessous.",
        "verify_repeat": "Répétition. Analysez de nouveau les mêmes octets avec les mêmes fichiers de modèle "
        "(SHA-256 ci-dessus) et options, sur le même genre de processeur : le SHA-256 des résultats est le "
        "même.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json (tous les résultats, lisibles par machine, schéma report-v1) et "
        "segments.csv (une ligne par segment).",
        "exclusions": "Le fichier d’origine n’a pas été modifié. Ce rapport ne peut être reproduit "
        "qu’intégralement.",
    },
    glossary=(
        (
            "Bona fide",
            "Parole d’une personne, enregistrée et transmise ; peut être montée ou compressée.",
        ),
        ("Synthétique", "Parole faite par synthèse à partir de texte ou par conversion de voix."),
        (
            "Rapport de vraisemblance (LR)",
            "Combien de fois plus attendus sont les résultats sous une "
            "proposition que sous l’autre. LLR est son logarithme naturel, bona fide sur synthétique.",
        ),
        ("Segment", "Une seconde d’un canal, l’unité montrée."),
        (
            "Score CM",
            "Le nombre brut du détecteur avant calibration ; plus haut veut dire plus proche de "
            "la parole d’une personne.",
        ),
        ("D’ensemble", "Tous les segments évalués réunis ; le verdict repose là-dessus."),
        ("Voix séparée", "L’enregistrement après qu’un masque a ôté les autres sons."),
        ("SHA-256", "Une somme de contrôle qui change si un bit du fichier change."),
    ),
)
