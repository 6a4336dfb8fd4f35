"""Every sentence of a job's report in Portuguese."""

from typing import Final

from reports.job_words import JobWords

JOB_PORTUGUESE: Final = JobWords(
    language="pt",
    outcomes={
        "synthetic": "indícios de síntese",
        "partly_synthetic": "indícios de síntese numa parte",
        "inconclusive": "inconclusivo",
        "no_evidence": "sem indícios de síntese",
        "not_applicable": "não aplicável",
        "failed": "não analisado",
        "cancelled": "cancelado",
        "open": "pendente",
    },
    changes={
        "verdict": "outra resposta",
        "failed": "agora não analisado",
        "recovered": "agora analisado",
        "content": "outros bytes",
        "new": "novo",
        "gone": "já não listado",
        "same": "como antes",
    },
    labels={
        "document_title": "Relatório sobre um trabalho",
        "job": "Trabalho",
        "job_number": "Número",
        "name": "Nome",
        "sources": "Fontes",
        "submitted": "Pedido",
        "ended": "Terminado",
        "account": "Conta",
        "items": "Itens",
        "counts": "O que resultou dos itens",
        "outcome": "Resultado",
        "share": "Parte",
        "heat_map": "Todos os itens ao longo do tempo",
        "strongest": "Achados mais fortes",
        "item": "Item",
        "title": "Título",
        "supports": "Apoia",
        "stretches": "Marcado",
        "links": "Ligações",
        "report": "relatório",
        "source": "fonte",
        "no_answer": "Por que não há resposta (mais firme)",
        "reason": "Motivo",
        "failures": "Falhas por motivo",
        "example": "Por exemplo",
        "duplicates": "O mesmo ficheiro várias vezes",
        "near": "Talvez a mesma gravação",
        "alike": "Talvez feitos do mesmo modo",
        "first": "O primeiro",
        "numbers": "Números",
        "likeness": "Semelhança",
        "compared": "Comparado com o trabalho anterior",
        "change": "Mudança",
        "before": "Antes",
        "now": "Agora",
        "limits": "Limites",
        "attachments": "Anexado a este PDF",
        "end": "Fim do relatório",
        "rows_from": "desde o",
        "legend_share": "itens que aí apoiam a síntese, em cada 100",
    },
    sentences={
        "headline_found": "Foram encontrados indícios de síntese em {n} de {total} itens.",
        "headline_none": "Não foram encontrados indícios de síntese nos {total} itens avaliados.",
        "headline_not_judged": "Nenhum dos {total} itens pôde ser avaliado.",
        "headline_empty": "O trabalho não tem itens.",
        "open": "O trabalho não terminou: {n} itens estão pendentes e não constam de nenhuma lista.",
        "expected": "Se em todos os {judged} itens avaliados falassem pessoas, cerca de {n} seriam ainda "
        "assim chamados sintéticos: é com essa frequência que o método erra, segundo as taxas de erro nos "
        "relatórios dos itens.",
        "heat_single": "Uma linha por item, pela ordem da lista; uma célula é {cell} do seu som, com a cor "
        "do que apoia, como no relatório do item.",
        "heat_many": "{rows} linhas de cerca de {n} itens vizinhos, pela ordem da lista. Uma célula é "
        "{cell} do seu som; a cor diz quantos dos itens aí avaliados apoiam a síntese. Células isoladas "
        "enganam: uma linha ou coluna que se destaca é um lugar onde olhar.",
        "heat_later": "A última coluna contém também tudo o que vem depois de {end}.",
        "heat_alt": "Mapa de calor de {n} itens em {total} de som, com {rows} linhas e {columns} colunas.",
        "strongest": "Os {n} itens cujos achados, no todo ou num trecho marcado, mais apoiam a síntese. "
        "Todos os itens constam da folha de cálculo e têm relatório próprio.",
        "strongest_none": "Não há nenhum.",
        "duplicates": "{items} itens em {groups} grupos são o mesmo ficheiro, byte a byte.",
        "known": "{n} itens já tinham sido analisados em trabalhos anteriores desta conta.",
        "near": "{items} itens em {groups} grupos têm outros bytes mas soam parecidos segundo a segundo: "
        "talvez a mesma gravação noutra forma.",
        "near_trust": "Medido em itens de 10 s: das cópias alteradas são assim encontradas: "
        "{kept}; {strangers} em cada 100 itens têm outra gravação igualmente parecida.",
        "alike": "Dos {n} achados mais fortes, {items} itens em {groups} grupos estão próximos: talvez "
        "feitos do mesmo modo.",
        "alike_trust": "Medido em sistemas que o método não conhecia: de tais pares, {right} em cada 100 "
        "são de um mesmo sistema. Uma pista de onde ouvir, não um achado.",
        "not_measured": "Não se mediu até que ponto se pode confiar nisto com este detetor.",
        "none_alike": "Não foi encontrado nenhum.",
        "compared": "Comparado com o trabalho {job} de {date}; {same} itens estão como antes.",
        "compared_none": "Não há trabalho anterior com as mesmas fontes ou o mesmo nome.",
        "more": "Mais {n} constam da folha de cálculo.",
        "more_groups": "Mais {n} grupos constam da folha de cálculo.",
        "attached": "job.json: tudo o que aqui consta, legível por máquina.",
    },
    sheets={
        "summary": "Resumo",
        "items": "Itens",
        "strongest": "Achados mais fortes",
        "failures": "Falhas",
        "duplicates": "Mesmo ficheiro",
        "near": "Mesma gravação",
        "alike": "Feitos do mesmo modo",
        "compared": "Comparação",
    },
    copies={
        "web": "codecs da web",
        "degraded": "muito degradadas",
        "clean, cut 0.5 s later": "cortadas meio segundo depois",
    },
    limits=(
        "Este relatório conta e aponta. O que se encontrou num item, a sua força e a frequência com que "
        "tal resultado engana constam do relatório do item.",
        "Entre muitos itens, alguns são chamados sintéticos por engano e alguns sintéticos passam "
        "despercebidos. Um item não é mais suspeito porque outros do seu trabalho o são.",
        "A semelhança não é indício de síntese, nem de que um mesmo sistema ou pessoa os fez.",
    ),
)
