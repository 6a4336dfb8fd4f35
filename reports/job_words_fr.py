"""Every sentence of a job's report in French."""

from typing import Final

from reports.job_words import JobWords

JOB_FRENCH: Final = JobWords(
    language="fr",
    outcomes={
        "synthetic": "indices de synthèse",
        "partly_synthetic": "indices de synthèse dans une partie",
        "inconclusive": "non concluant",
        "no_evidence": "aucun indice de synthèse",
        "not_applicable": "sans objet",
        "failed": "non analysé",
        "cancelled": "annulé",
        "open": "en attente",
    },
    changes={
        "verdict": "autre réponse",
        "failed": "désormais non analysé",
        "recovered": "désormais analysé",
        "content": "autres octets",
        "new": "nouveau",
        "gone": "plus listé",
        "same": "comme avant",
    },
    labels={
        "document_title": "Rapport sur une tâche",
        "job": "Tâche",
        "job_number": "Numéro",
        "name": "Nom",
        "sources": "Sources",
        "submitted": "Soumise",
        "ended": "Terminée",
        "account": "Compte",
        "items": "Éléments",
        "counts": "Ce qu’il est advenu des éléments",
        "outcome": "Résultat",
        "share": "Part",
        "heat_map": "Tous les éléments dans le temps",
        "strongest": "Constats les plus forts",
        "item": "Élément",
        "title": "Titre",
        "supports": "Appuie",
        "stretches": "Marqué",
        "links": "Liens",
        "report": "rapport",
        "source": "source",
        "no_answer": "Pourquoi il n’y a pas de réponse (plus nette)",
        "reason": "Motif",
        "failures": "Échecs par motif",
        "example": "Par exemple",
        "duplicates": "Le même fichier plusieurs fois",
        "near": "Peut-être le même enregistrement",
        "alike": "Peut-être faits de la même façon",
        "first": "Le premier",
        "numbers": "Numéros",
        "likeness": "Ressemblance",
        "compared": "Comparé à la tâche précédente",
        "change": "Changement",
        "before": "Avant",
        "now": "Maintenant",
        "limits": "Limites",
        "attachments": "Joint à ce PDF",
        "end": "Fin du rapport",
        "rows_from": "dès le",
        "legend_share": "éléments qui y appuient la synthèse, sur 100",
    },
    sentences={
        "headline_found": "Des indices de synthèse ont été trouvés dans {n} éléments sur {total}.",
        "headline_none": "Aucun indice de synthèse n’a été trouvé dans les {total} éléments jugés.",
        "headline_not_judged": "Aucun des {total} éléments n’a pu être jugé.",
        "headline_empty": "La tâche n’a aucun élément.",
        "open": "La tâche n’est pas terminée : {n} éléments sont en attente et ne figurent dans aucune liste.",
        "expected": "Si des personnes parlaient dans les {judged} éléments jugés, environ {n} seraient "
        "quand même dits synthétiques : la méthode se trompe aussi souvent, selon les taux d’erreur des "
        "rapports des éléments.",
        "heat_single": "Une ligne par élément, dans l’ordre de la liste ; une case vaut {cell} de son, "
        "colorée selon ce qu’elle appuie, comme dans le rapport de l’élément.",
        "heat_many": "{rows} lignes d’environ {n} éléments voisins, dans l’ordre de la liste. Une case vaut "
        "{cell} de leur son ; sa couleur dit combien des éléments jugés là y appuient la synthèse. Des "
        "cases isolées trompent : une ligne ou une colonne qui ressort est un endroit où regarder.",
        "heat_later": "La dernière colonne contient aussi tout ce qui suit {end}.",
        "heat_alt": "Carte de chaleur de {n} éléments sur {total} de son, en {rows} lignes et {columns} "
        "colonnes.",
        "strongest": "Les {n} éléments dont les constats, en entier ou dans un passage marqué, appuient le "
        "plus la synthèse. Chaque élément figure dans le tableur et a son propre rapport.",
        "strongest_none": "Il n’y en a aucun.",
        "duplicates": "{items} éléments en {groups} groupes sont le même fichier, octet pour octet.",
        "known": "{n} éléments avaient déjà été analysés dans des tâches antérieures de ce compte.",
        "near": "{items} éléments en {groups} groupes ont d’autres octets mais se ressemblent seconde par "
        "seconde : peut-être le même enregistrement sous une autre forme.",
        "near_trust": "Mesuré sur des éléments de 10 s : parmi les copies modifiées sont ainsi "
        "trouvées : {kept} ; {strangers} éléments sur 100 ont un autre enregistrement aussi ressemblant.",
        "alike": "Parmi les {n} constats les plus forts, {items} éléments en {groups} groupes sont proches : "
        "peut-être faits de la même façon.",
        "alike_trust": "Mesuré sur des systèmes inconnus de la méthode : de telles paires, {right} sur 100 "
        "sont d’un même système. Une piste où écouter, pas un constat.",
        "not_measured": "La confiance à y accorder n’a pas été mesurée pour ce détecteur.",
        "none_alike": "Aucun n’a été trouvé.",
        "compared": "Comparé à la tâche {job} du {date} ; {same} éléments sont comme avant.",
        "compared_none": "Il n’y a pas de tâche antérieure avec les mêmes sources ou le même nom.",
        "more": "{n} autres figurent dans le tableur.",
        "more_groups": "{n} autres groupes figurent dans le tableur.",
        "attached": "job.json : tout ce qui figure ici, lisible par machine.",
    },
    sheets={
        "summary": "Résumé",
        "items": "Éléments",
        "strongest": "Constats les plus forts",
        "failures": "Échecs",
        "duplicates": "Même fichier",
        "near": "Même enregistrement",
        "alike": "Faits de la même façon",
        "compared": "Comparaison",
    },
    copies={
        "web": "codecs du web",
        "degraded": "fortement dégradées",
        "clean, cut 0.5 s later": "coupées une demi-seconde plus tard",
    },
    limits=(
        "Ce rapport compte et signale. Ce qui a été trouvé dans un élément, sa force et la fréquence à "
        "laquelle un tel résultat trompe figurent dans le rapport de l’élément.",
        "Parmi de nombreux éléments, certains sont dits synthétiques par erreur et des synthétiques sont "
        "manqués. Un élément n’est pas plus suspect parce que d’autres de sa tâche le sont.",
        "La ressemblance n’est pas un indice de synthèse, ni qu’un même système ou une même personne les "
        "a faits.",
    ),
)
